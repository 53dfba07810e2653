import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore } from '../../../src/cache/index.js';
import { earlyRefresh } from '../../../src/cache/stampede/early-refresh.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const entry = { loadedAtMs: 0, freshForMs: 60_000, loadMs: 400 };

/** The share of reads that begin a refresh so many milliseconds before the end. */
function shareAt(remainingMs: number, beta = 1): number {
  const draws = 100_000;
  let number = 0;
  // Every part of the unit interval once: what chance does in the long run.
  const { isDue } = earlyRefresh({ random: () => (number + 0.5) / draws, beta });
  let due = 0;
  for (number = 0; number < draws; number += 1) if (isDue(entry, 60_000 - remainingMs)) due += 1;
  return due / draws;
}

describe('an early refresh', () => {
  it.each([
    [400, 1, Math.exp(-1)],
    [2000, 1, Math.exp(-5)],
    [400, 2, Math.exp(-1 / 2)],
    [4000, 4, Math.exp(-4000 / 1600)],
  ])(
    'is begun %i ms before the end, with beta %i, with the chance of the paper',
    (remaining, beta, chance) => {
      expect(shareAt(remaining, beta)).toBeCloseTo(chance, 3);
    },
  );

  it('is never begun with beta 0, nor in the first four fifths of a life, nor where chance is not on its side', () => {
    const certain = () => 1 - Number.EPSILON;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (freshForMs, loadMs, age) => {
          const one = { loadedAtMs: 5000, freshForMs, loadMs };
          const nowMs = 5000 + freshForMs * age * 0.799;
          expect(earlyRefresh({ random: certain, beta: 1 }).isDue(one, nowMs)).toBe(false);
          const late = 5000 + freshForMs - 0.001;
          expect(earlyRefresh({ random: certain, beta: 0 }).isDue(one, late)).toBe(false);
          expect(earlyRefresh({ random: () => 0, beta: 1 }).isDue(one, late)).toBe(false);
        },
      ),
    );
  });

  it('is decided by reads from the moment on in which copies end', () => {
    const { isDue, drawsFromMs } = earlyRefresh({ random: () => 1 - Number.EPSILON, beta: 1 });
    const fromMs = drawsFromMs(entry);
    expect(fromMs).toBe(60_000 - 12 * 400);
    expect([isDue(entry, fromMs - 1), isDue(entry, fromMs)]).toEqual([false, true]);
  });
});

describe('a hot entry near its end', () => {
  const typeDefs = `
    type Query {
      aside: Int @cached(ttl: 10)
      through(id: ID!): Int @cached(ttl: 10, pattern: READ_THROUGH, key: "Film:{args.id}")
      copied: Int @cached(ttl: 10, local: 10)
    }
  `;

  function hot() {
    let chance = 0;
    const clock = manualClock();
    const loads: string[] = [];
    const tested = testCache({
      typeDefs,
      resolvers: { Query: { aside: () => loads.push('aside'), copied: () => loads.push('copied') } },
      origins: { Film: { load: (ids) => Promise.resolve(ids.map(() => loads.push('through'))) } },
      clock,
      store: memoryStore({ clock }),
      random: () => chance,
    });
    onTestFinished(() => tested.cache.close());
    return { ...tested, clock, loads, luck: (drawn: number) => (chance = drawn) };
  }

  it.each(['aside', 'through', 'copied'])(
    'is refreshed by one read, which does not wait: %s',
    async (field) => {
      const { query, clock, loads, luck } = hot();
      const ask = `{ ${field === 'through' ? 'through(id: 1)' : field} }`;
      await query(ask);
      clock.advance(9_990);
      luck(0.999);
      // Drawn by each of them, and loaded once.
      const outcomes = await Promise.all([query(ask), query(ask), query(ask)]);
      for (const { outcomes: one } of outcomes) expect(one).toEqual([`Query.${field} HIT`]);
      await expect.poll(() => loads.length).toBe(2);
      luck(0);
      clock.advance(100);
      expect((await query(ask)).outcomes).toEqual([`Query.${field} HIT`]);
      expect(loads).toEqual([field, field]);
    },
  );

  it('would be loaded by the next reader, who waits, if nobody refreshed it', async () => {
    const { query, clock, loads } = hot();
    await query('{ aside }');
    clock.advance(9_990);
    await query('{ aside }');
    clock.advance(100);
    expect((await query('{ aside }')).outcomes).toEqual(['Query.aside MISS']);
    expect(loads).toEqual(['aside', 'aside']);
  });

  it('is refreshed again only when it is near its end again', async () => {
    const { query, clock, loads, luck } = hot();
    luck(0.5);
    await query('{ aside }');
    for (let tenth = 0; tenth < 1000; tenth += 1) {
      clock.advance(100);
      await query('{ aside }');
    }
    // 100 seconds in lives of ten: no more often than every eight seconds.
    expect(loads.length).toBeGreaterThanOrEqual(10);
    expect(loads.length).toBeLessThanOrEqual(13);
  });

  it('counts refreshes, and those that brought something else', async () => {
    const clock = manualClock();
    let value = 'one';
    let chance = 0;
    const { query, cache } = testCache({
      typeDefs: 'type Query { a: String @cached(ttl: 10) }',
      resolvers: { Query: { a: () => value } },
      clock,
      store: memoryStore({ clock }),
      random: () => chance,
    });
    onTestFinished(() => cache.close());
    const counted = () => {
      const { refreshes, changes } = cache.stats.counters()['Query.a'] ?? {};
      return [refreshes, changes];
    };
    await query('{ a }');
    chance = 0.999;
    // The first life lasts for the whole ttl, the others for nine tenths: that is the jitter.
    for (const [next, passMs, counts] of [
      ['one', 9_990, [1, 0]],
      ['two', 8_991, [2, 1]],
      ['two', 8_991, [3, 1]],
    ] as const) {
      value = next;
      clock.advance(passMs);
      await query('{ a }');
      await expect.poll(counted).toEqual(counts);
    }
  });

  it('stays as it is when its refresh fails, and is tried again after a pause', async () => {
    const clock = manualClock();
    let loads = 0;
    const { query, cache, logged } = testCache({
      typeDefs: 'type Query { a: Int @cached(ttl: 10) }',
      resolvers: {
        Query: {
          a: () => {
            loads += 1;
            if (loads > 1) throw new Error('the database is away');
            return loads;
          },
        },
      },
      clock,
      store: memoryStore({ clock }),
      random: () => 0.999,
    });
    onTestFinished(() => cache.close());
    await query('{ a }');
    clock.advance(8_990);
    for (let read = 0; read < 5; read += 1) {
      expect((await query('{ a }')).outcomes).toEqual(['Query.a HIT']);
      await expect.poll(() => logged).toEqual([expect.stringContaining('a refresh failed')]);
    }
    expect(loads).toBe(2);
    clock.advance(250);
  });

  it('logs failures of many at once as one line, and then how many there were', async () => {
    const clock = manualClock();
    let isAway = false;
    const { query, cache, logged } = testCache({
      typeDefs: 'type Query { a(id: Int): Int @cached(ttl: 10, swr: 60) }',
      resolvers: {
        Query: {
          a: () => {
            if (isAway) throw new Error('the database is away');
            return 1;
          },
        },
      },
      clock,
      store: memoryStore({ clock }),
    });
    onTestFinished(() => cache.close());
    const failed = (): number => cache.stats.counters()['Query.a']?.failedLoads ?? 0;
    const read = async (ids: readonly number[]): Promise<void> => {
      for (const id of ids) await query(`{ a(id: ${id}) }`);
    };
    const many = Array.from({ length: 30 }, (_, id) => id);
    await read([...many, 99]);
    isAway = true;
    clock.advance(11_000);
    await read(many);
    await expect.poll(failed).toBe(30);
    expect(logged).toEqual([expect.stringMatching(/a refresh failed .*"times":1\}/)]);
    clock.advance(1000);
    await read([99]);
    await expect.poll(() => logged[1]).toMatch(/a refresh failed .*"times":30\}/);
  });
});
