import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { BackOff } from '../../../src/cache/stampede/back-off.js';
import { createGate, type Gate } from '../../support/gate.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';
import { virtualClock } from '../../../src/cache/testing/index.js';

describe('the pause after loads that fail', () => {
  it('doubles from a quarter of a second to four seconds, and ends with a success', () => {
    const clock = manualClock();
    const backOff = new BackOff({ clock, random: () => 0 });
    const pauses: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      backOff.failed('Film:1');
      // Whoever joined the same load says so too.
      backOff.failed('Film:1');
      let pauseMs = 0;
      for (; backOff.isOn('Film:1'); pauseMs += 250) clock.advance(250);
      pauses.push(pauseMs);
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
    expect(backOff.isOn('Film:2')).toBe(false);
    backOff.failed('Film:1');
    backOff.succeeded('Film:1');
    expect(backOff.isOn('Film:1')).toBe(false);
    backOff.failed('Film:1');
    clock.advance(250);
    expect(backOff.isOn('Film:1')).toBe(false);
  });

  it('is remembered for so many keys and no more', () => {
    const backOff = new BackOff({ clock: manualClock(), random: () => 0 });
    for (let key = 0; key <= 10_000; key += 1) backOff.failed(`Film:${key}`);
    expect([backOff.isOn('Film:0'), backOff.isOn('Film:1'), backOff.isOn('Film:10000')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('a database that is away', () => {
  function films({ directive = 'ttl: 10, staleIfError: 60' } = {}) {
    const clock = manualClock();
    let isAway = false;
    let loads = 0;
    const tested = testCache({
      typeDefs: `type Query { film(id: ID!): Int @cached(${directive}) }`,
      resolvers: {
        Query: {
          film: () => {
            loads += 1;
            if (isAway) throw new Error('the database is away');
            return loads;
          },
        },
      },
      clock,
      store: memoryStore({ clock }),
    });
    onTestFinished(() => tested.cache.close());
    const read = () => tested.query('{ film(id: 1) }');
    return { ...tested, clock, read, loads: () => loads, isAway: (is: boolean) => (isAway = is) };
  }

  it('is asked with pauses, and stale values are served meanwhile', async () => {
    const { read, clock, loads, isAway } = films();
    await read();
    isAway(true);
    clock.advance(10_001);
    for (let tenth = 0; tenth < 300; tenth += 1) {
      const { outcomes, data } = await read();
      expect([outcomes, data]).toEqual([['Query.film STALE_ON_ERROR'], { film: 1 }]);
      clock.advance(100);
    }
    // In 30 seconds: after 0.3, 0.8, 1.8, 3.8, 7.8 seconds, and so on.
    expect(loads() - 1).toBeGreaterThanOrEqual(8);
    expect(loads() - 1).toBeLessThanOrEqual(12);
    isAway(false);
    clock.advance(4000);
    expect((await read()).outcomes).toEqual(['Query.film MISS']);
    expect((await read()).outcomes).toEqual(['Query.film HIT']);
  });

  it('is asked by everybody who has nothing to go on with', async () => {
    const { read, query, clock, loads, isAway } = films();
    await read();
    isAway(true);
    clock.advance(10_001);
    await read();
    const before = loads();
    for (let number = 0; number < 3; number += 1) {
      const { result } = await query('{ film(id: 2) }');
      expect(result.errors?.[0]?.message).toBe('the database is away');
    }
    expect(loads() - before).toBe(3);
  });

  it('is not asked for every read of a stale value within swr either', async () => {
    const { read, clock, loads, isAway, logged } = films({ directive: 'ttl: 10, swr: 60' });
    await read();
    isAway(true);
    clock.advance(10_001);
    for (let number = 1; number <= 20; number += 1) {
      expect((await read()).outcomes).toEqual(['Query.film STALE']);
      await expect.poll(() => logged.length).toBe(1);
    }
    expect(loads()).toBe(2);
  });

  it('takes no value away: what was stored before is still there when it is back', async () => {
    const { read, clock, isAway } = films();
    await read();
    isAway(true);
    clock.advance(69_000);
    expect((await read()).outcomes).toEqual(['Query.film STALE_ON_ERROR']);
    clock.advance(1001);
    expect((await read()).result.errors).toHaveLength(1);
  });
});

describe('a refresh whose value cannot be stored', () => {
  /** A store that has no room any more once it holds one entry. */
  function fullAfterOne(store: Store): Store {
    let fills = 0;
    const refuse: Store['fill'] = async (all) => {
      await store.release(all.map(({ key, token = '' }) => ({ key, token })));
      return all.map(() => 'no-room');
    };
    return { ...store, fill: (all) => (fills++ === 0 ? store.fill(all) : refuse(all)) };
  }

  function grown(after: () => unknown, storeOf: (store: Store) => Store) {
    const clock = manualClock();
    let loads = 0;
    const tested = testCache({
      typeDefs: 'scalar Any type Query { chart: Any @cached(ttl: 10, swr: 60, maxBytes: 50) }',
      resolvers: { Query: { chart: () => ((loads += 1) === 1 ? 'small' : after()) } },
      clock,
      store: storeOf(memoryStore({ clock })),
    });
    onTestFinished(() => tested.cache.close());
    return { ...tested, clock, loads: () => loads };
  }
  const same = (store: Store): Store => store;

  it.each([
    ['has grown over maxBytes', () => 'x'.repeat(100), same],
    ['is no longer one that can be stored', () => [1].values(), same],
    ['finds no room', () => 'small', fullAfterOne],
  ])('since it %s is made again with pauses, and not at each read', async (_title, after, storeOf) => {
    const { query, clock, loads } = grown(after, storeOf);
    await query('{ chart }');
    clock.advance(10_001);
    for (let read = 0; read < 50; read += 1) {
      expect((await query('{ chart }')).outcomes).toEqual(['Query.chart STALE']);
      await clock.sleep(1);
    }
    expect(loads()).toBe(2);
    clock.advance(300);
    for (let read = 0; read < 50; read += 1) await query('{ chart }').then(() => clock.sleep(1));
    expect(loads()).toBe(3);
  });
});

describe('a load that takes longer than softTimeoutMs', () => {
  function slow(directive: string, globally?: number) {
    const clock = virtualClock();
    const gates: Gate[] = [];
    const tested = testCache({
      typeDefs: `type Query { chart: Int @cached(${directive}) }`,
      resolvers: {
        Query: {
          chart: async () => {
            const gate = createGate();
            const number = gates.push(gate);
            if (number > 1) await gate.wait();
            return number;
          },
        },
      },
      clock,
      store: memoryStore({ clock }),
      ...(globally === undefined ? {} : { loads: { softTimeoutMs: globally } }),
    });
    onTestFinished(async () => {
      for (const gate of gates) gate.open();
      await Promise.all([tested.cache.close(), clock.pass(60_000)]);
    });
    return { ...tested, clock, gates };
  }

  it.each([
    ['of the field', 'ttl: 10, staleIfError: 60, softTimeoutMs: 200', undefined],
    ['of all fields', 'ttl: 10, staleIfError: 60', 200],
    ['of the field rather than of all', 'ttl: 10, staleIfError: 60, softTimeoutMs: 200', 5000],
  ])(
    '%s is not waited for where there is a stale value, and goes on',
    async (_title, directive, globally) => {
      const { query, clock, gates, cache } = slow(directive, globally);
      await query('{ chart }');
      await clock.pass(10_001);
      const reading = query('{ chart }');
      await clock.pass(199);
      expect(gates).toHaveLength(2);
      await clock.pass(1);
      const { outcomes, data } = await reading;
      expect([outcomes, data]).toEqual([['Query.chart STALE'], { chart: 1 }]);
      expect(cache.stats.counters()['Query.chart']?.slowLoads).toBe(1);
      gates[1]?.open();
      await clock.pass(1);
      expect((await query('{ chart }')).data).toEqual({ chart: 2 });
      expect(gates).toHaveLength(2);
    },
  );

  it('is waited for where there is nothing else to serve', async () => {
    const { query, clock, gates } = slow('ttl: 10, staleIfError: 1, softTimeoutMs: 200');
    await query('{ chart }');
    await clock.pass(12_000);
    const reading = query('{ chart }');
    await clock.pass(5000);
    gates[1]?.open();
    expect((await reading).outcomes).toEqual(['Query.chart MISS']);
  });
});
