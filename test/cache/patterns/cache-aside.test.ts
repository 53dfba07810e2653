import { describe, expect, it } from 'vitest';
import { createCache, memoryStore, type Store } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate } from '../../support/gate.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String rating: Float }
  type Query {
    film(id: ID!): Film @cached(ttl: 10)
    swift(id: ID!): Film @cached(ttl: 10, swr: 5)
    steady(id: ID!): Film @cached(ttl: 10, staleIfError: 60)
    near(id: ID!): Film @cached(ttl: 10, local: 4, key: "Near:{args.id}", tags: ["Films"])
    falsy(kind: String!): String @cached(ttl: 10)
    number: Int @cached(ttl: 10)
    flag: Boolean @cached(ttl: 10)
    none: [Int] @cached(ttl: 10)
    small: String @cached(ttl: 10, maxBytes: 20)
  }
`;

interface Film {
  id: string;
  title: string;
}

function filmCache() {
  const calls: string[] = [];
  let load: (id: string) => unknown = (id): Film => ({ id, title: `film ${id}` });
  const resolve = (_: unknown, { id }: { id: string }): unknown => {
    calls.push(id);
    return load(id);
  };
  const counted = (value: unknown) => (): unknown => {
    calls.push(String(value));
    return value;
  };
  const texts: Record<string, string | null> = { empty: '', nothing: null };
  const tested = testCache({
    typeDefs,
    resolvers: {
      Query: {
        film: resolve,
        swift: resolve,
        steady: resolve,
        near: resolve,
        falsy: (_: unknown, { kind }: { kind: string }) => counted(texts[kind])(),
        number: counted(0),
        flag: counted(false),
        none: counted([]),
        small: counted('x'.repeat(100)),
      },
    },
  });
  return { ...tested, calls, setLoad: (next: (id: string) => unknown) => (load = next) };
}

describe('CACHE_ASIDE', () => {
  it('loads with the resolver once, then answers from the entry, whatever is selected', async () => {
    const { query, calls } = filmCache();
    expect((await query('{ film(id: 1) { title } }')).outcomes).toEqual(['Query.film MISS']);
    const second = await query('{ other: film(id: "1") { ...F } } fragment F on Film { id rating }');
    expect(second.outcomes).toEqual(['Query.film HIT']);
    expect(second.data).toEqual({ other: { id: '1', rating: null } });
    expect(calls).toEqual(['1']);
  });

  it('is stale after its ttl, and loads again', async () => {
    const { query, clock } = filmCache();
    await query('{ film(id: 1) { title } }');
    clock.advance(9_999);
    expect((await query('{ film(id: 1) { title } }')).outcomes).toEqual(['Query.film HIT']);
    clock.advance(1);
    expect((await query('{ film(id: 1) { title } }')).outcomes).toEqual(['Query.film MISS']);
  });

  it('spreads expiries by up to a tenth, always earlier', async () => {
    const early = testCache({
      typeDefs: 'type Query { a: Int @cached(ttl: 10) }',
      resolvers: { Query: { a: () => 1 } },
      random: () => 1,
      loads: { earlyRefreshBeta: 0 },
    });
    await early.query('{ a }');
    early.clock.advance(8_999);
    expect((await early.query('{ a }')).outcomes).toEqual(['Query.a HIT']);
    early.clock.advance(1);
    expect((await early.query('{ a }')).outcomes).toEqual(['Query.a MISS']);
  });

  it.each(['falsy(kind: "empty")', 'falsy(kind: "nothing")', 'number', 'flag', 'none'])(
    'takes %s for a value: the second read is a hit',
    async (field) => {
      const { query, calls } = filmCache();
      const first = await query(`{ ${field} }`);
      const second = await query(`{ ${field} }`);
      expect(second.data).toEqual(first.data);
      expect(second.evidence.summary).toMatchObject({ hits: 1, misses: 0, loads: 0 });
      expect(calls).toHaveLength(1);
    },
  );

  it('keeps a null only for negativeTtl, a tenth of the ttl', async () => {
    const { query, clock, setLoad } = filmCache();
    setLoad(() => null);
    await query('{ film(id: 1) { title } }');
    clock.advance(999);
    expect((await query('{ film(id: 1) { title } }')).outcomes).toEqual(['Query.film HIT']);
    clock.advance(1);
    expect((await query('{ film(id: 1) { title } }')).outcomes).toEqual(['Query.film MISS']);
  });

  it.each(['swift', 'steady'])('keeps a null no longer where stale values are served: %s', async (field) => {
    const { query, clock, setLoad } = filmCache();
    setLoad(() => null);
    await query(`{ ${field}(id: 1) { title } }`);
    clock.advance(999);
    expect((await query(`{ ${field}(id: 1) { title } }`)).outcomes).toEqual([`Query.${field} HIT`]);
    clock.advance(1);
    setLoad((id) => ({ id, title: 'made since' }));
    const { outcomes, data } = await query(`{ ${field}(id: 1) { title } }`);
    expect([outcomes, data]).toEqual([[`Query.${field} MISS`], { [field]: { title: 'made since' } }]);
  });

  it('does not answer with a null that has ended where the load fails', async () => {
    const { query, clock, setLoad } = filmCache();
    setLoad(() => null);
    await query('{ steady(id: 1) { title } }');
    clock.advance(1000);
    setLoad(() => {
      throw new Error('database away');
    });
    const { result } = await query('{ steady(id: 1) { title } }');
    expect(result.errors?.[0]?.message).toBe('database away');
  });

  it('has stores keep a null for its negativeTtl only', async () => {
    const clock = manualClock();
    const kept: number[] = [];
    const memory = memoryStore({ clock });
    const store: Store = {
      ...memory,
      fill: (fills) => {
        kept.push(...fills.map(({ keepForMs }) => keepForMs));
        return memory.fill(fills);
      },
    };
    const cache = createCache({ store, clock, log: cacheLog(), random: () => 0 });
    const options = { ttl: 60, negativeTtl: 2, swr: 100, staleIfError: 1000 };
    await cache.fetch('Session:none', options, () => null);
    await cache.fetch('Session:1', options, () => 'one');
    expect(kept).toEqual([2000, 1_060_000]);
  });

  it('never stores an error: the next read loads at once', async () => {
    const { query, calls, setLoad, cache } = filmCache();
    setLoad(() => {
      throw new Error('database away');
    });
    expect((await query('{ film(id: 1) { title } }')).result.errors?.[0]?.message).toBe('database away');
    setLoad((id) => ({ id, title: 'back' }));
    expect((await query('{ film(id: 1) { title } }')).data).toEqual({ film: { title: 'back' } });
    expect(calls).toHaveLength(2);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ loads: 2, failedLoads: 1, stored: 1 });
  });

  it('answers a value larger than maxBytes, counts it and does not store it', async () => {
    const { query, calls, cache } = filmCache();
    await query('{ small }');
    expect((await query('{ small }')).data).toEqual({ small: 'x'.repeat(100) });
    expect(calls).toHaveLength(2);
    expect(cache.stats.counters()['Query.small']).toMatchObject({ tooLarge: 2, stored: 0 });
  });

  it('answers a value that cannot be stored, and says what it was', async () => {
    const { query, cache, setLoad } = filmCache();
    setLoad((id) => ({ id, title: () => 'computed' }));
    expect((await query('{ film(id: 1) { title } }')).data).toEqual({ film: { title: 'computed' } });
    expect(cache.stats.counters()['Query.film']).toMatchObject({
      unstorable: 1,
      lastUnstorable: 'a function at .title cannot be stored',
    });
  });

  it('never shares a value that cannot be stored, since it may be readable only once', async () => {
    const gate = createGate();
    const { query, logged } = testCache({
      typeDefs: 'type Query { once: [Int!] @cached(ttl: 10) }',
      resolvers: {
        Query: {
          once: async () => {
            await gate.wait();
            return [1, 2, 3].values();
          },
        },
      },
    });
    const reads = Array.from({ length: 3 }, () => query('{ once }'));
    await gate.arrived();
    gate.open();
    expect((await Promise.all(reads)).map(({ data }) => data)).toEqual(Array(3).fill({ once: [1, 2, 3] }));
    expect(logged).toEqual([
      'warn a value cannot be stored; the field is not cached ' +
        '{"coordinate":"Query.once","reason":"an instance of Object at the top cannot be stored"}',
    ]);
  });

  it('gives cold and warm readers the same frozen value, never the object of the resolver', async () => {
    const { query, setLoad } = filmCache();
    const own: Film = { id: '1', title: 'mine' };
    setLoad(() => own);
    await query('{ film(id: 1) { title } }');
    own.title = 'changed behind the back of the cache';
    expect((await query('{ film(id: 1) { title } }')).data).toEqual({ film: { title: 'mine' } });
    expect(Object.isFrozen(own)).toBe(false);
  });

  it('with swr serves the stale value at once and refreshes behind it', async () => {
    const { query, clock, setLoad } = filmCache();
    await query('{ swift(id: 1) { title } }');
    clock.advance(12_000);
    const gate = createGate();
    setLoad(async (id) => {
      await gate.wait();
      return { id, title: 'new' };
    });
    const stale = await query('{ swift(id: 1) { title } }');
    expect(stale.outcomes).toEqual(['Query.swift STALE']);
    expect(stale.data).toEqual({ swift: { title: 'film 1' } });
    await gate.arrived();
    gate.open();
    await expect
      .poll(async () => (await query('{ swift(id: 1) { title } }')).outcomes)
      .toEqual(['Query.swift HIT']);
    expect((await query('{ swift(id: 1) { title } }')).data).toEqual({ swift: { title: 'new' } });
  });

  it('refreshes once, however many read the stale value', async () => {
    const { query, clock, calls, setLoad } = filmCache();
    await query('{ swift(id: 1) { title } }');
    clock.advance(12_000);
    const gate = createGate();
    setLoad(async (id) => {
      await gate.wait();
      return { id, title: 'new' };
    });
    await Promise.all(Array.from({ length: 50 }, () => query('{ swift(id: 1) { title } }')));
    await gate.arrived();
    gate.open();
    expect(calls).toHaveLength(2);
  });

  it('with staleIfError serves the stale value when the load fails, and says so', async () => {
    const { query, clock, setLoad } = filmCache();
    await query('{ steady(id: 1) { title } }');
    clock.advance(30_000);
    setLoad(() => Promise.reject(new Error('database away')));
    const answer = await query('{ steady(id: 1) { title } }');
    expect(answer.result.errors).toBeUndefined();
    expect(answer.outcomes).toEqual(['Query.steady STALE_ON_ERROR']);
    clock.advance(41_000);
    expect((await query('{ steady(id: 1) { title } }')).result.errors?.[0]?.message).toBe('database away');
  });

  it('never serves an invalidated entry as stale, whatever fails', async () => {
    const { query, cache, setLoad } = filmCache();
    await query('{ steady(id: 1) { title } }');
    await cache.invalidate(['Query.steady(id:"1")']);
    setLoad(() => Promise.reject(new Error('database away')));
    expect((await query('{ steady(id: 1) { title } }')).result.errors?.[0]?.message).toBe('database away');
  });

  it('with local answers from the process itself, and forgets at once what this process invalidates', async () => {
    const { query, cache, clock } = filmCache();
    await query('{ near(id: 1) { title } }');
    await query('{ near(id: 1) { title } }');
    expect((await query('{ near(id: 1) { title } }')).evidence.fields[0]?.tier).toBe('local');
    clock.advance(4_000);
    expect((await query('{ near(id: 1) { title } }')).evidence.fields[0]?.tier).toBe('memory');
    await cache.invalidate(['Films']);
    expect((await query('{ near(id: 1) { title } }')).outcomes).toEqual(['Query.near MISS']);
  });

  it('loads once for 1,000 concurrent cold reads of one key', async () => {
    const { query, calls, setLoad } = filmCache();
    const gate = createGate();
    setLoad(async (id) => {
      await gate.wait();
      return { id, title: 'once' };
    });
    const reads = Array.from({ length: 1000 }, () => query('{ film(id: 7) { title } }'));
    await gate.arrived();
    gate.open();
    const answers = await Promise.all(reads);
    expect(calls).toEqual(['7']);
    expect(answers.filter(({ outcomes }) => outcomes[0] === 'Query.film JOINED')).toHaveLength(999);
    expect(new Set(answers.map(({ data }) => JSON.stringify(data)))).toEqual(
      new Set(['{"film":{"title":"once"}}']),
    );
  });

  it('gives the error of a shared load to all who joined, and remembers it for nobody', async () => {
    const { query, calls, setLoad } = filmCache();
    const gate = createGate();
    setLoad(async () => {
      await gate.wait();
      throw new Error('no luck');
    });
    const reads = [query('{ film(id: 7) { title } }'), query('{ film(id: 7) { title } }')];
    await gate.arrived();
    gate.open();
    const messages = (await Promise.all(reads)).map(({ result }) => result.errors?.[0]?.message);
    expect(messages).toEqual(['no luck', 'no luck']);
    setLoad((id) => ({ id, title: 'fine' }));
    expect((await query('{ film(id: 7) { title } }')).data).toEqual({ film: { title: 'fine' } });
    expect(calls).toHaveLength(2);
  });
});
