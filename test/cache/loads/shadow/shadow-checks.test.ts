import { describe, expect, it } from 'vitest';
import type { ShadowCounters } from '../../../../src/cache/types/index.js';
import { createGate } from '../../../support/gate.js';
import { memoryOutbox } from '../../../../src/cache/testing/index.js';
import { DIFFERS, shadowWorld, SWITCHED_OFF, UNSTABLE } from '../../../support/worlds/shadow-world.js';

const none: ShadowCounters = { same: 0, differs: 0, unstable: 0, superseded: 0, failed: 0, skipped: 0 };

describe('a shadow check', () => {
  it('loads a hit anew after its reader was answered, stores and counts nothing of it, and says nothing', async () => {
    const { cache, clock, read, loaded, counted, logged } = await shadowWorld();
    expect(await read('aside')).toBe('HIT');
    await clock.pass(99);
    expect(loaded()).toBe(0);
    await clock.pass(1);
    expect(loaded()).toBe(1);
    expect(counted('aside')).toEqual({ ...none, same: 1 });
    expect(cache.stats.counters()['Query.aside']).toMatchObject({ loads: 1, stored: 1, hits: 1 });
    expect(logged).toEqual([]);
  });

  it.each(
    (['aside', 'through', 'listed', 'mine', 'child', 'ahead'] as const).flatMap((field) =>
      (['read', 'readPlainly'] as const).map((how) => ({ field, how })),
    ),
  )(
    'counts a difference that nothing explains, and tells it once with the coordinate: $field, $how',
    async ({ field, how }) => {
      const world = await shadowWorld();
      const { clock, set, counted, coordinateOf, logged } = world;
      set('secret of ben');
      for (let times = 1; times <= 3; times += 1) {
        await world[how](field);
        await clock.pass(2099);
        expect(counted(field)).toEqual({ ...none, differs: times - 1 });
        await clock.pass(1);
        expect(counted(field)).toEqual({ ...none, differs: times });
      }
      const [told = '', ...more] = logged;
      expect(more).toEqual([]);
      expect(told).toMatch(DIFFERS);
      expect(told).toContain(JSON.stringify({ coordinate: coordinateOf(field) }));
      expect(told).not.toMatch(/secret|\bben\b|Aside:/);
    },
  );

  it('does not count what a write explains whose invalidation is on its way', async () => {
    const { cache, clock, read, set, counted, logged } = await shadowWorld();
    await read('aside');
    set('two');
    await clock.pass(1999);
    await cache.invalidate(['Value']);
    await clock.pass(5000);
    expect(counted('aside')).toEqual({ ...none, superseded: 1 });
    expect(logged).toEqual([]);
  });

  it('nor where the entry was loaded again meanwhile', async () => {
    const { cache, clock, read, set, counted } = await shadowWorld();
    await read('aside');
    set('two');
    await clock.pass(100);
    await cache.invalidate(['Value']);
    expect(await read('aside')).toBe('MISS');
    await clock.pass(5000);
    expect(counted('aside')).toEqual({ ...none, superseded: 1 });
  });

  it('nor where writes bring the value to and fro, so that the cache gives the same value again', async () => {
    const { cache, clock, read, set, counted } = await shadowWorld();
    await read('aside');
    set('two');
    await clock.pass(100);
    set('one');
    await cache.invalidate(['Value']);
    expect(await read('aside')).toBe('MISS');
    set('two');
    await clock.pass(5000);
    expect(counted('aside')).toEqual({ ...none, superseded: 1 });
  });

  it('nor where the entry is so young that the reader may hold what is older', async () => {
    const { cache, clock, read, set, counted } = await shadowWorld();
    await cache.invalidate(['Value']);
    await read('aside');
    set('two');
    await clock.pass(1999);
    await read('aside');
    await clock.pass(5000);
    expect(counted('aside')).toEqual({ ...none, superseded: 1 });
  });

  it('nor where the hit came from a copy that is older than the entry in the store', async () => {
    const { clock, read, set, counted, loaded, store } = await shadowWorld();
    expect(await read('local')).toBe('HIT');
    await clock.pass(200);
    set('two');
    // As another process does: the copy of this one does not hear of it.
    await store.invalidate(['Value']);
    const before = loaded();
    expect(await read('local')).toBe('HIT');
    await clock.pass(5000);
    expect(counted('local')).toEqual({ ...none, same: 1, superseded: 1 });
    expect(loaded()).toBe(before);
  });

  it('nor while a write of the outbox is in the hands of another relay, however long that takes', async () => {
    const rows = memoryOutbox();
    const { cache, clock, read, set, counted } = await shadowWorld({ outbox: rows.outbox() });
    await cache.start();
    expect(await read('aside')).toBe('MISS');
    await clock.pass(3000);
    rows.commit(['Value'], false);
    const taken = rows.takeAway();
    set('two');
    await read('aside');
    await clock.pass(60_000);
    expect(counted('aside')).toEqual({ ...none, superseded: 1 });
    taken.end(false);
  });

  it('tells a value that changes by itself in another sentence, once, and gives the field up after three', async () => {
    const { clock, read, count, counted, loaded, logged } = await shadowWorld();
    count();
    for (let times = 1; times <= 5; times += 1) {
      await read('aside');
      await clock.pass(5000);
    }
    expect(counted('aside')).toEqual({ ...none, unstable: 3 });
    expect(loaded()).toBe(3 * 2);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(UNSTABLE);
    expect(logged[0]).toContain('{"coordinate":"Query.aside"}');
  });

  it('counts a load that fails, since its reader is gone, and logs nothing', async () => {
    const { clock, read, fail, counted, logged } = await shadowWorld();
    for (const how of ['throw', 'reject', 'return'] as const) {
      fail(how);
      await read('aside');
      await clock.pass(200);
      await read('through');
      await clock.pass(200);
    }
    expect(counted('aside')).toEqual({ ...none, failed: 3 });
    expect(counted('through')).toEqual({ ...none, failed: 3 });
    expect(logged).toEqual([]);
  });

  it.each(['test', 'production'] as const)(
    'counts a PUBLIC load that looks at the viewer as failed: the guard has seen it, in %s',
    async (environment) => {
      const { clock, read, lookAtViewer, counted, logged } = await shadowWorld({ environment });
      lookAtViewer();
      await read('aside');
      await clock.pass(5000);
      expect(counted('aside')).toEqual({ ...none, failed: 1 });
      expect(logged).toEqual([]);
    },
  );

  it('looks at neither stale values nor misses', async () => {
    const { clock, read, set, counted } = await shadowWorld({ ageMs: 3_600_001 });
    set('two');
    expect(await read('aside')).toBe('STALE');
    await clock.pass(5000);
    expect(counted('aside')).toEqual(none);
  });
});

describe('shadow checks', () => {
  it('are two at a time at most, and one of each field; further hits are skipped', async () => {
    const { clock, read, pause, counted, underWay } = await shadowWorld();
    const gate = createGate();
    pause(gate);
    for (const field of ['aside', 'aside', 'through', 'mine'] as const) await read(field);
    await clock.pass(100);
    expect(underWay()).toBe(2);
    expect(counted('aside')).toEqual({ ...none, skipped: 1 });
    expect(counted('mine')).toEqual({ ...none, skipped: 1 });
    gate.open();
    await clock.pass(0);
    expect(counted('aside')).toMatchObject({ same: 1 });
    expect(counted('through')).toMatchObject({ same: 1 });
    await read('mine');
    await clock.pass(100);
    expect(counted('mine')).toMatchObject({ same: 1 });
  });

  it('fail after ten seconds, and an origin that hangs keeps its place', async () => {
    const { clock, read, pause, counted, underWay } = await shadowWorld();
    const gate = createGate();
    pause(gate);
    await read('aside');
    await clock.pass(10_099);
    expect(counted('aside')).toEqual(none);
    await clock.pass(1);
    expect(counted('aside')).toEqual({ ...none, failed: 1 });
    await read('aside');
    await clock.pass(10_200);
    expect(underWay()).toBe(1);
    expect(counted('aside')).toEqual({ ...none, failed: 1, skipped: 1 });
    gate.open();
    await clock.pass(0);
    await read('aside');
    await clock.pass(100);
    expect(counted('aside')).toEqual({ ...none, failed: 1, skipped: 1, same: 1 });
  });

  it('are skipped while loads wait for their turn', async () => {
    const { clock, read, pause, counted, cache } = await shadowWorld({ loads: { atMost: 1 } });
    await cache.invalidate(['Value:1', 'Other']);
    const gate = createGate();
    pause(gate);
    const waiting = [read('through'), read('other')];
    await gate.arrived();
    await clock.pass(0);
    await read('aside');
    gate.open();
    await Promise.all(waiting);
    await clock.pass(5000);
    expect(counted('aside')).toEqual({ ...none, skipped: 1 });
  });

  it('are skipped while the store is away', async () => {
    const world = await shadowWorld();
    await world.read('local');
    await world.clock.pass(200);
    world.storeIsAway(true);
    expect(await world.read('local')).toBe('HIT');
    await world.clock.pass(5000);
    expect(world.counted('local')).toEqual({ ...none, same: 1, skipped: 1 });
  });

  it.each(['waits for its time', 'waits for its load'])('keep no close() waiting: one %s', async (when) => {
    const { cache, clock, read, pause, loaded, counted } = await shadowWorld();
    const gate = createGate();
    pause(gate);
    await read('aside');
    if (when.endsWith('load')) await clock.pass(100);
    const before = loaded();
    await cache.close();
    gate.open();
    await clock.pass(20_000);
    expect(counted('aside')).toEqual(none);
    expect(loaded()).toBe(before);
  });

  it('see the newest value of what is written behind in the journal only, so that it is left alone', async () => {
    const { read, cache } = await shadowWorld();
    await read('behind');
    expect(Object.keys(cache.stats.shadowChecks()).sort()).toEqual(
      ['aside', 'child', 'local', 'listed', 'mine', 'other', 'through'].map(coordinate).sort(),
    );
  });

  it('are none where the option is missing', async () => {
    const { cache, clock, read, set, loaded, logged } = await shadowWorld({ shadow: undefined });
    set('two');
    for (let times = 0; times < 100; times += 1) await read('aside');
    await clock.pass(60_000);
    expect(cache.stats.shadowChecks()).toEqual({});
    expect(loaded()).toBe(0);
    expect(logged).toEqual([]);
  });
});

const coordinate = (field: string): string => (field === 'child' ? 'Parent.child' : `Query.${field}`);

describe('a field with too many differences', () => {
  it.each(['aside', 'through', 'child'] as const)(
    'is switched off by itself, and no other: %s',
    async (field) => {
      const { clock, read, evidence, set, counted, logged } = await shadowWorld({
        shadow: { share: 1, switchOffAfter: 2 },
      });
      set('two');
      for (let times = 0; times < 2; times += 1) {
        expect(await read(field)).toBe('HIT');
        await clock.pass(5000);
      }
      expect(counted(field)).toEqual({ ...none, differs: 2 });
      expect(logged[1]).toMatch(SWITCHED_OFF);
      expect(logged[1]).toContain(`{"coordinate":"${coordinate(field)}","differences":2}`);
      expect(await evidence(field)).toMatchObject({
        outcome: 'BYPASS',
        reason: 'switched off by shadow checks',
      });
      expect(await read(field)).toBe('BYPASS');
      expect(await read('mine')).toBe('HIT');
      await clock.pass(5000);
      expect(logged.filter((line) => line.includes(coordinate(field)))).toHaveLength(2);
    },
  );

  it('goes on being cached where no number is given', async () => {
    const { clock, read, set } = await shadowWorld();
    set('two');
    for (let times = 0; times < 20; times += 1) {
      expect(await read('aside')).toBe('HIT');
      await clock.pass(5000);
    }
  });
});
