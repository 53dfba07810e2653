import { describe, expect, it } from 'vitest';
import type { OthersSeen, OtherStore } from '../../../src/cache/outbox/outbox.js';
import { OtherStores } from '../../../src/cache/outbox/other-stores.js';
import { cacheLog } from '../../support/cache-log.js';
import type { Clock } from '../../../src/cache/time/clock.js';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { createGate } from '../../support/gate.js';
import { manualClock } from '../../support/manual-clock.js';

/** The other stores of an outbox whose places are numbers, and what is done with them. */
function regions({ waitsMs, time }: { waitsMs?: number; time?: Clock } = {}) {
  const clock = manualClock();
  const log = cacheLog();
  const world = {
    place: 10n,
    stores: [{ name: 'far', appliedTo: 10n, unseenForMs: 0 }] as OtherStore[],
    told: [] as (readonly string[] | 'all')[],
    answers: true,
    looks: 0,
    hangs: false,
    /** What the answers wait for. */
    telling: Promise.resolve(),
    looking: Promise.resolve(),
  };
  const others = new OtherStores({
    outbox: {
      others: async (): Promise<OthersSeen> => {
        world.looks += 1;
        if (world.hangs) return new Promise(() => undefined);
        const { place, stores, looking } = world;
        await looking;
        return { place, stores };
      },
      tellOthers: async (tags) => {
        await world.telling;
        if (!world.answers) throw new Error('the database does not answer');
        world.told.push(tags);
      },
    },
    ...{ clock: time ?? clock, log, waitsMs },
  });
  const far = (changes: Partial<OtherStore>): void => {
    world.stores = world.stores.map((store) => ({ ...store, ...changes }));
  };
  return { clock, log, world, others, far };
}

/** A write that waits for all of them in vain, for as long as it may. */
async function waitInVain({ others, far, clock, world }: ReturnType<typeof regions>): Promise<void> {
  others.noticed(true);
  far({ appliedTo: 9n });
  const waiting = others.haveApplied();
  await expect.poll(() => world.looks).toBeGreaterThan(2);
  clock.advance(1000);
  expect(await waiting).toBe(false);
}

describe('other stores of an outbox', () => {
  it('hold up no write where there are none', async () => {
    const { others, world } = regions({ waitsMs: 1000 });
    others.noticed(false);
    expect(await others.haveApplied()).toBe(true);
    expect(world.looks).toBe(0);
    expect(others.figures()).toEqual({ stores: [], writes: { all: 0, late: 0, unseen: 0 } });
  });

  it('are waited for until each has applied what was committed before, and no longer', async () => {
    const { others, world, far } = regions({ waitsMs: 1000 });
    world.stores.push({ name: 'farther', appliedTo: 10n, unseenForMs: 0 });
    others.noticed(true);
    far({ appliedTo: 9n });
    let isApplied: boolean | undefined;
    const waiting = others.haveApplied().then((is) => (isApplied = is));
    await expect.poll(() => world.looks).toBeGreaterThan(2);
    expect(isApplied).toBeUndefined();
    world.stores = world.stores.map((store, index) => ({ ...store, appliedTo: index === 0 ? 10n : 9n }));
    const { looks } = world;
    await expect.poll(() => world.looks).toBeGreaterThan(looks + 2);
    expect(isApplied).toBeUndefined();
    // What is written meanwhile is for those who write it.
    world.place = 20n;
    far({ appliedTo: 10n });
    await waiting;
    expect(isApplied).toBe(true);
    expect(others.figures().writes).toEqual({ all: 1, late: 0, unseen: 0 });
  });

  it('are waited for no longer than a write may wait', async () => {
    const made = regions({ waitsMs: 1000 });
    await waitInVain(made);
    expect(made.others.figures().writes).toEqual({ all: 0, late: 1, unseen: 0 });
  });

  it('are waited for again after a look that hung', async () => {
    const { others, clock, world } = regions({ waitsMs: 1000 });
    others.noticed(true);
    world.hangs = true;
    const waiting = others.haveApplied();
    await expect.poll(() => world.looks).toBe(1);
    clock.advance(1000);
    expect(await waiting).toBe(false);
    world.hangs = false;
    clock.advance(2000);
    const again = others.haveApplied();
    await expect.poll(() => world.looks).toBe(2);
    expect(await again).toBe(true);
  });

  it('are not waited for once they were not seen for long, and no write of theirs counts as applied', async () => {
    const { others, far, log } = regions({ waitsMs: 1000 });
    others.noticed(true);
    far({ appliedTo: 9n, unseenForMs: 15_001 });
    expect(await others.haveApplied()).toBe(false);
    const { stores, writes } = others.figures();
    expect(writes).toEqual({ all: 0, late: 0, unseen: 1 });
    expect(stores).toMatchObject([{ store: 'far', isWaitedFor: false, unseenForMs: 15_001 }]);
    far({ appliedTo: 10n, unseenForMs: 0 });
    expect(await others.haveApplied()).toBe(true);
    expect(log.lines.map((line) => line.split(' {')[0])).toEqual([
      'warn the store of another region is not seen any more, or is far behind, and no write waits for it',
      'warn the store of another region is seen again',
    ]);
  });

  it('are not waited for where writes wait for their own region only, and their lag is measured all the same', async () => {
    const { others, far, clock, world } = regions();
    others.noticed(true);
    far({ appliedTo: 9n });
    expect(await others.haveApplied()).toBe(false);
    await expect.poll(() => others.figures().lagMs).toBe(0);
    clock.advance(700);
    // A quarter more than was measured: the next write may take longer.
    expect(others.figures().lagMs).toBe(875);
    far({ appliedTo: 10n });
    const { looks } = world;
    await expect.poll(() => world.looks).toBeGreaterThan(looks);
    clock.advance(50_000);
    expect(others.figures().stores).toMatchObject([{ store: 'far', lagMs: 875 }]);
    // While nothing is written it is what is known.
    clock.advance(600_000);
    expect(others.figures().lagMs).toBe(875);
    expect(others.figures().writes).toEqual({ all: 0, late: 0, unseen: 0 });
  });

  it('have no lag by looks that follow no write', async () => {
    const { others, clock, world } = regions();
    for (let looks = 1; looks < 4; looks += 1) {
      others.noticed(true);
      await expect.poll(() => world.looks).toBe(looks);
      clock.advance(4000);
    }
    expect(others.figures().stores).toMatchObject([{ store: 'far', isWaitedFor: true }]);
    expect(others.figures().lagMs).toBeUndefined();
  });

  it('are not waited for once they have been behind for long, though a process of theirs is seen', async () => {
    const made = regions({ waitsMs: 1000 });
    const { others, far, clock } = made;
    await waitInVain(made);
    clock.advance(15_000);
    expect(await others.haveApplied()).toBe(false);
    expect(others.figures().writes).toEqual({ all: 0, late: 1, unseen: 1 });
    far({ appliedTo: 10n });
    expect(await others.haveApplied()).toBe(true);
  });

  it('are told of tags where there are any, without a look', async () => {
    const { others, world } = regions();
    others.noticed(true);
    await others.tell(['Note:1']);
    await others.tell([]);
    expect(world.told).toEqual([['Note:1']]);
  });

  it('are told of what was ended just before they were seen, and where there are none the database is asked nothing', async () => {
    const { others, world, clock } = regions();
    others.noticed(false);
    await others.tell(['Note:0']);
    clock.advance(5001);
    others.noticed(false);
    await others.tell(['Note:1']);
    clock.advance(1000);
    await others.tell(['Note:2']);
    expect([world.told, world.looks]).toEqual([[], 0]);
    others.noticed(true);
    await expect.poll(() => world.told).toEqual([['Note:1', 'Note:2']]);
  });

  it('are to forget everything where that was ended, or more than is remembered', async () => {
    const many = Array.from({ length: 10_001 }, (_, id) => `Note:${id}`);
    for (const end of [
      (others: OtherStores) => others.tellAll(),
      (others: OtherStores) => others.tell(many),
    ]) {
      const { others, world, clock } = regions();
      others.noticed(false);
      await end(others);
      clock.advance(4000);
      others.noticed(false);
      // However long no look succeeds after the one that saw none.
      clock.advance(60_000);
      others.noticed(true);
      await expect.poll(() => world.told).toEqual(['all']);
      await others.tellAll();
      expect(world.told).toEqual(['all', 'all']);
    }
  });

  it('are told again of what they could not be told, and until then no write counts as applied', async () => {
    const { others, world, clock, log } = regions({ waitsMs: 1000 });
    others.noticed(true);
    world.answers = false;
    await others.tell(['Note:1']);
    await others.tell(['Note:2']);
    const waiting = others.haveApplied();
    await expect.poll(() => world.looks).toBeGreaterThan(1);
    clock.advance(1000);
    expect(await waiting).toBe(false);
    world.answers = true;
    others.noticed(true);
    await expect.poll(() => world.told).toEqual([['Note:1', 'Note:2']]);
    expect(await others.haveApplied()).toBe(true);
    expect(log.lines).toHaveLength(1);
  });

  it('are to forget everything where too much could not be told', async () => {
    const { others, world } = regions();
    others.noticed(true);
    world.answers = false;
    await others.tell(Array.from({ length: 10_001 }, (_, id) => `Note:${id}`));
    world.answers = true;
    others.noticed(true);
    await expect.poll(() => world.told).toEqual(['all']);
  });

  it('count as having applied only what was told before they were looked at, however soon it is told after that', async () => {
    const { others, world, far } = regions({ waitsMs: 1000 });
    others.noticed(true);
    world.answers = false;
    await others.tell(['Note:1']);
    let isApplied: boolean | undefined;
    const waiting = others.haveApplied().then((is) => (isApplied = is));
    await expect.poll(() => world.looks).toBeGreaterThan(1);
    world.answers = true;
    // The row that tells of it is behind all that was seen before.
    world.place = 20n;
    far({ appliedTo: 15n });
    others.noticed(true);
    await expect.poll(() => world.told).toEqual([['Note:1']]);
    const { looks } = world;
    await expect.poll(() => world.looks).toBeGreaterThan(looks + 2);
    expect(isApplied).toBeUndefined();
    far({ appliedTo: 20n });
    await expect.poll(() => isApplied).toBe(true);
    await waiting;
  });

  it('do not count as having applied what is being told while they are looked at', async () => {
    const { others, world, far } = regions({ waitsMs: 1000 });
    const [telling, looking] = [createGate(), createGate()];
    others.noticed(false);
    await others.tell(['Note:1']);
    world.telling = telling.wait();
    others.noticed(true);
    await expect.poll(() => world.looks).toBe(1);
    world.looking = looking.wait();
    let isApplied: boolean | undefined;
    const waiting = others.haveApplied().then((is) => (isApplied = is));
    await expect.poll(() => world.looks).toBe(2);
    telling.open();
    await expect.poll(() => world.told).toEqual([['Note:1']]);
    world.place = 20n;
    looking.open();
    await expect.poll(() => world.looks).toBeGreaterThan(4);
    expect(isApplied).toBeUndefined();
    far({ appliedTo: 20n });
    await waiting;
    expect(isApplied).toBe(true);
  });

  it('are told at once while it is not known whether there are any, as before the first look and long after the last one', async () => {
    const { others, world, clock } = regions();
    await others.tell(['Note:1']);
    await others.tellAll();
    others.noticed(false);
    await others.tell(['Note:2']);
    expect(world.told).toEqual([['Note:1'], 'all']);
    clock.advance(5001);
    await others.tell(['Note:3']);
    await others.tellAll();
    expect(world.told).toEqual([['Note:1'], 'all', ['Note:3'], 'all']);
  });

  it('are told in the end without a look: of what they could not be told, and of what was ended just after the last one', async () => {
    const time = virtualClock();
    const { others, world, log } = regions({ time });
    others.noticed(false);
    await others.tell(['Note:1']);
    await time.pass(4000);
    expect(world.told).toEqual([]);
    world.answers = false;
    await time.pass(6000);
    expect(log.lines.length).toBeGreaterThan(0);
    world.answers = true;
    await time.pass(10_000);
    await others.tellAll();
    await time.pass(10_000);
    expect(world.told).toEqual([['Note:1'], 'all']);
  });

  it('are told at the end of the process of what they could not be told, which holds it up for a while at most', async () => {
    const { others, world, log } = regions();
    others.noticed(true);
    world.answers = false;
    await others.tell(['Note:1']);
    world.answers = true;
    await others.close();
    expect(world.told).toEqual([['Note:1']]);
    expect(log.lines).toHaveLength(1);
  });

  it('are spoken of in the log where they could not be told of it until the end', async () => {
    const { others, world, log, clock } = regions();
    others.noticed(true);
    world.answers = false;
    await others.tell(['Note:1']);
    world.telling = new Promise(() => undefined);
    let isClosed = false;
    const closing = others.close().then(() => (isClosed = true));
    await expect.poll(() => (clock.advance(500), isClosed)).toBe(true);
    await closing;
    expect(log.lines.at(-1)).toContain('they may serve it until its ttl has passed');
  });

  it('are not taken for gone where the numbers of the database went back, as those of another server', async () => {
    const { others, world, far, clock } = regions({ waitsMs: 1000 });
    others.noticed(true);
    world.place = 1000n;
    far({ appliedTo: 900n });
    const waiting = others.haveApplied();
    await expect.poll(() => world.looks).toBeGreaterThan(2);
    clock.advance(1000);
    expect(await waiting).toBe(false);
    world.place = 50n;
    far({ appliedTo: 50n });
    const { looks } = world;
    await expect.poll(() => world.looks).toBeGreaterThan(looks + 1);
    clock.advance(20_000);
    expect(await others.haveApplied()).toBe(true);
    expect(others.figures().stores).toMatchObject([{ store: 'far', isWaitedFor: true }]);
  });
});
