import { describe, expect, it } from 'vitest';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate } from '../../support/gate.js';
import { losable } from '../../support/stores/losable-store.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const AT_MOST = 2;
const IN_ALL = AT_MOST + 10 * AT_MOST;

async function ticks(): Promise<void> {
  for (let tick = 0; tick < 20; tick += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('loads that wait for their turn', () => {
  it('are ten times as many as may run: more fail at once, and may be tried again', async () => {
    const { store, state } = losable(memoryStore());
    const log = cacheLog();
    const cache = createCache({ store, log, loads: { atMostWithoutStore: AT_MOST } });
    state.isAway = true;
    const gate = createGate();
    let loads = 0;
    const read = (key: number): Promise<number> =>
      cache.fetch(`Key:${key}`, { ttl: 60 }, async () => {
        loads += 1;
        await gate.wait();
        return key;
      });
    const all = Promise.allSettled(Array.from({ length: IN_ALL + 8 }, (_, key) => read(key)));
    const last = IN_ALL + 7;
    await expect(read(last)).rejects.toMatchObject({ code: 'CACHE_OVERLOADED' });
    expect(loads).toBe(AT_MOST);
    gate.open();
    const settled = await all;
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(IN_ALL);
    expect(loads).toBe(IN_ALL);
    expect(await read(last)).toBe(last);
    expect(log.lines.filter((line) => line.includes('CacheError'))).toHaveLength(1);
    await cache.close();
  });

  it('fail for clients with a code and a sentence that names no key', async () => {
    const { store, state } = losable(memoryStore());
    const gate = createGate();
    const { cache, query } = testCache({
      typeDefs: 'type Query { film(id: ID!): Int @cached(ttl: 60) }',
      resolvers: { Query: { film: () => gate.wait().then(() => 1) } },
      store,
      loads: { atMostWithoutStore: 1 },
    });
    state.isAway = true;
    const many = Array.from({ length: 12 }, (_, id) => query(`{ film(id: ${id}) }`));
    await gate.arrived();
    await ticks();
    gate.open();
    const answers = await Promise.all(many);
    const errors = answers.flatMap(({ result }) => result.errors ?? []);
    expect(errors.map(({ message, extensions }) => ({ message, extensions }))).toEqual([
      {
        message: 'Too many loads are waiting for their turn; try again in a moment.',
        extensions: { code: 'CACHE_OVERLOADED' },
      },
    ]);
    await cache.close();
  });

  it('are refused by their field: others have room, however many wait of one', async () => {
    const gate = createGate();
    const { cache, query } = testCache({
      typeDefs: 'type Query { film(id: ID!): Int @cached(ttl: 60) person: Int @cached(ttl: 60) }',
      resolvers: { Query: { film: () => gate.wait().then(() => 1), person: () => 2 } },
      store: memoryStore(),
      loads: { atMost: 16 },
    });
    let refused = 0;
    const many = Array.from({ length: 16 * 11 + 8 }, async (_, id) => {
      const { result } = await query(`{ film(id: ${id}) }`);
      if (result.errors !== undefined) refused += 1;
    });
    await expect.poll(() => refused).toBeGreaterThan(8);
    expect((await query('{ person }')).result).toEqual({ data: { person: 2 } });
    gate.open();
    await Promise.all(many);
    await cache.close();
  });

  it('are answered with what is old by time where staleIfError allows it', async () => {
    const clock = manualClock();
    const { store, state } = losable(memoryStore({ clock }));
    const cache = createCache({ store, clock, log: cacheLog(), loads: { atMostWithoutStore: 1 } });
    const fetchOld = (load: () => string): Promise<string> =>
      cache.fetch('Old:1', { ttl: 1, staleIfError: 60 }, () => load());
    await fetchOld(() => 'old');
    clock.advance(2000);
    state.isAway = true;
    const gate = createGate();
    const read = (key: number): Promise<null> =>
      cache.fetch(`Key:${key}`, { ttl: 60 }, () => gate.wait().then(() => null));
    const all = Array.from({ length: 11 }, (_, key) => read(key));
    await gate.arrived();
    await ticks();
    state.isAway = false;
    expect(await fetchOld(() => 'new')).toBe('old');
    gate.open();
    await Promise.all(all);
    // What failed is not tried again at once.
    expect(await fetchOld(() => 'new')).toBe('old');
    clock.advance(250);
    expect(await fetchOld(() => 'new')).toBe('new');
    await cache.close();
  });

  it('keep their leases meanwhile, so that no other process makes the same load', async () => {
    const clock = manualClock();
    const inner = memoryStore({ clock });
    const { store, state } = losable(inner);
    const here = createCache({ store, clock, log: cacheLog(), loads: { atMostWithoutStore: 1 } });
    const there = createCache({ store: inner, clock, log: cacheLog() });
    const gate = createGate();
    state.isAway = true;
    const before = here.fetch('Key:0', { ttl: 60 }, () => gate.wait().then(() => null));
    await gate.arrived();
    state.isAway = false;
    const waiting = here.fetch('Key:1', { ttl: 60 }, () => 'here');
    await ticks();
    const other = there.fetch('Key:1', { ttl: 60 }, () => 'there');
    for (let step = 0; step < 8; step += 1) {
      clock.advance(400);
      // Whoever sleeps on this clock wakes after a millisecond: to renew, or to ask again.
      for (let woken = 0; woken < 5; woken += 1) await clock.sleep(1);
    }
    gate.open();
    expect(await Promise.all([before, waiting, other])).toEqual([null, 'here', 'here']);
    await Promise.all([here.close(), there.close()]);
  });
});
