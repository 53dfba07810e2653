import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { EDGES_MS, Histogram, percentileOf } from '../../../src/cache/metrics/histogram.js';
import { readTally, writeTally } from '../../../src/cache/metrics/tally.js';
import { OwnFigures } from '../../../src/cache/report/own-figures.js';
import { SharedFigures } from '../../../src/cache/report/shared-figures.js';
import { virtualClock } from '../../../src/cache/testing/index.js';
import type { FigureChanges } from '../../../src/cache/store/store.js';
import { testCache } from '../../support/test-cache.js';

const MINUTE_MS = 60_000;
const tally = (hits: number): ReadonlyMap<string, ReadonlyMap<string, number>> =>
  new Map([['Query.a', new Map([['hits', hits]])]]);

describe('a histogram', () => {
  it('has edges that rise, and a percentile of it is right within an eighth', () => {
    expect([...EDGES_MS].sort((one, other) => one - other)).toEqual(EDGES_MS);
    const histogram = new Histogram();
    for (let ms = 1; ms <= 1000; ms += 1) histogram.note(ms / 10);
    for (const share of [0.5, 0.95, 0.99]) {
      const found = percentileOf(histogram.counts, share) ?? 0;
      expect(Math.abs(found / (share * 100) - 1)).toBeLessThan(0.125);
    }
  });

  it('counts what is shorter and longer than all edges, and says nothing of nothing', () => {
    const histogram = new Histogram();
    expect(percentileOf(histogram.counts, 0.5)).toBeUndefined();
    histogram.note(0);
    histogram.note(1_000_000);
    expect([histogram.counts[0], histogram.counts.at(-1)]).toEqual([1, 1]);
    expect(percentileOf(histogram.counts, 0.99)).toBe(100_000);
  });
});

describe('what a process has counted', () => {
  it('comes back as it was written, and what cannot be read counts nothing', () => {
    expect(readTally(writeTally(tally(3)))).toEqual(tally(3));
    for (const text of ['', '{', '7', '[[1,2]]', '[["a",null]]']) expect(readTally(text).size).toBe(0);
    expect(readTally('[["a",{"hits":1,"stale":"x"}]]')).toEqual(new Map([['a', new Map([['hits', 1]])]]));
  });

  it('is cut into minutes, and what is older than an hour stays, together', () => {
    const own = new OwnFigures();
    own.take(tally(1), 0);
    own.take(tally(3), MINUTE_MS);
    own.take(tally(7), 62 * MINUTE_MS);
    expect(Object.fromEntries(own.slots)).toEqual({ earlier: tally(3), 62: tally(4) });
    const { written, gone } = own.takeChanges();
    expect([...written.keys()].sort()).toEqual(['62', 'earlier']);
    expect([...gone].sort()).toEqual(['0', '1']);
    expect(own.take(tally(7), 62 * MINUTE_MS)).toBe(false);
    expect(own.takeChanges().written.size).toBe(0);
  });
});

describe('figures that a store shares', () => {
  it('count once, also where a write failed in which minutes became one slot', async () => {
    const clock = virtualClock();
    const kept = new Map<string, string>();
    let fails = false;
    let hits = 0;
    const store = Object.assign(memoryStore({ clock }), {
      shareFigures: async (_: string, { slots, gone }: FigureChanges) => {
        await Promise.resolve();
        if (fails) throw new Error('the store is late');
        for (const [name, text] of slots) kept.set(name, text);
        for (const name of gone) kept.delete(name);
      },
    });
    const shared = new SharedFigures({ store, clock, tally: () => tally(hits) });
    shared.start();
    hits = 100;
    await clock.pass(2000);
    clock.set(clock.nowMs() + 61 * MINUTE_MS);
    hits = 101;
    fails = true;
    await clock.pass(2000);
    fails = false;
    hits = 102;
    await clock.pass(2000);
    await shared.stop();
    const counted = [...kept.values()].map((text) => readTally(text).get('Query.a')?.get('hits') ?? 0);
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(102);
  });
});

describe('a report', () => {
  const film = () =>
    testCache({
      typeDefs: 'type Query { film(id: ID!): String @cached(ttl: 60, swr: 60) }',
      resolvers: { Query: { film: (_parent, { id }) => `film ${id}` } },
    });

  it('is about the minutes that are asked for', async () => {
    const { cache, clock, query } = film();
    await query('{ film(id: 1) }');
    await cache.stats.report();
    clock.advance(10 * MINUTE_MS);
    for (let read = 0; read < 3; read += 1) await query('{ film(id: 2) }');
    const { total, history, fields, minutes } = await cache.stats.report({ minutes: 5 });
    expect(minutes).toBe(5);
    expect(total).toMatchObject({ requests: 3, outcomes: { HIT: 2, MISS: 1 }, loads: 1, loadsAvoided: 2 });
    expect(total.hitRate).toBeCloseTo(2 / 3);
    expect(history).toHaveLength(1);
    expect(fields).toMatchObject([
      {
        coordinate: 'Query.film',
        pattern: 'CACHE_ASIDE',
        ttl: 60,
        requests: 3,
        held: { entries: 2, isEstimate: false },
      },
    ]);
    expect((await cache.stats.report()).total.requests).toBe(4);
  });

  it('measures the store before it asks for anything else, which would be measured with it', async () => {
    const asked: string[] = [];
    const store: Store = {
      ...memoryStore(),
      health: async () => {
        await setImmediate();
        asked.push('health');
        return {};
      },
      holdings: () => (asked.push('holdings'), []),
      sharedFigures: () => (asked.push('figures'), []),
    };
    const { cache } = testCache({ typeDefs: 'type Query { film: String }', store });
    await cache.stats.report();
    expect(asked[0]).toBe('health');
    expect(asked.toSorted()).toEqual(['figures', 'health', 'holdings']);
  });

  it('refuses minutes that cannot be', () => {
    const { cache } = film();
    for (const minutes of [0, 61, 1.5, NaN]) {
      expect(() => cache.stats.report({ minutes })).toThrow(
        `cache.stats.report: minutes must be a whole number from 1 to 60, but got ${minutes}`,
      );
    }
  });
});
