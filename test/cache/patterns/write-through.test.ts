import { GraphQLError } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, valueType, type Store } from '../../../src/cache/index.js';
import { createGate, type Gate } from '../../support/gate.js';
import { manualClock } from '../../support/manual-clock.js';
import { withoutVersions } from '../../support/stores/planted-stores.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String! version: Int! }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    through(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
  }
  type Mutation {
    store(id: ID!, title: String!): Film @cached(ttl: 60, pattern: WRITE_THROUGH, key: "Film:{args.id}")
    storeHot(id: ID!, title: String!): Film @cached(ttl: 60, pattern: HYBRID, key: "Film:{args.id}")
  }
`;

interface FilmRow {
  readonly title: string;
  readonly version: number;
}

type Mutation = 'store' | 'storeHot';
const MUTATIONS: readonly Mutation[] = ['store', 'storeHot'];

interface FilmsOptions extends Pick<TestCacheOptions, 'store' | 'disabled' | 'clock' | 'log' | 'types'> {
  /** What every row has besides. */
  readonly extra?: object;
}

async function films({ store = memoryStore(), disabled = [], extra = {}, ...options }: FilmsOptions = {}) {
  const rows = new Map<string, FilmRow>([['1', { title: 'old', version: 1 }]]);
  const after: { commit?: Gate; throws?: Error } = {};
  let withoutVersion = false;
  let outOfSession: FilmRow | undefined;
  let loads = 0;
  const load = (id: string) => {
    loads += 1;
    return { id, ...rows.get(id), ...extra };
  };
  const write = async (_: unknown, { id, title }: { id: string; title: string }) => {
    if (outOfSession !== undefined) return { id, ...outOfSession };
    const row = { title, version: (rows.get(id)?.version ?? 0) + 1 };
    if (after.throws instanceof GraphQLError) throw after.throws;
    rows.set(id, row);
    const gate = after.commit;
    delete after.commit;
    await gate?.wait();
    if (after.throws !== undefined) throw after.throws;
    return withoutVersion ? { id, title } : { id, ...row, ...extra };
  };
  const tested = testCache({
    typeDefs,
    resolvers: {
      Query: { film: (_, { id }: { id: string }) => load(id) },
      Mutation: { store: write, storeHot: write },
    },
    origins: { Film: { load: (ids) => Promise.resolve(ids.map(load)) } },
    store,
    disabled,
    ...options,
  });
  await tested.cache.start();
  onTestFinished(() => tested.cache.close());
  return {
    ...tested,
    after,
    loads: () => loads,
    leaveOutVersions: () => (withoutVersion = true),
    /** From now on the resolver changes nothing, and returns the row as its session has read it. */
    changeNothing: (session: FilmRow) => (outOfSession = session),
    write: (mutation: Mutation, title: string) =>
      tested.query(`mutation { ${mutation}(id: 1, title: "${title}") { title } }`),
    read: async (field: 'film' | 'through' = 'film') => {
      const { data, outcomes } = await tested.query(`{ it: ${field}(id: 1) { title } }`);
      return [(data as { it: FilmRow }).it.title, outcomes[0]?.split(' ')[1]];
    },
  };
}

describe('a row whose entry has a tag that its own write ends', () => {
  async function tagged(invalidates: string) {
    let loads = 0;
    let row = { id: '1', title: 'old', version: 1 };
    const kept = 'ttl: 60, key: "Film:{args.id}", tags: ["Films"]';
    const tested = testCache({
      typeDefs: `
        type Film { id: ID! title: String! version: Int! }
        type Query { film(id: ID!): Film @cached(${kept}) count: Int @cached(ttl: 60, tags: ["Lists"]) }
        type Mutation { store(id: ID!, title: String!): Film @cached(pattern: WRITE_THROUGH, ${kept}) ${invalidates} }
      `,
      resolvers: {
        Query: {
          count: () => 1,
          film: (_, { id }: { id: string }) => {
            loads += 1;
            return { ...row, id };
          },
        },
        Mutation: {
          store: (_, { id, title }: { id: string; title: string }) =>
            (row = { id, title, version: row.version + 1 }),
        },
      },
    });
    await tested.cache.start();
    onTestFinished(() => tested.cache.close());
    const turn = async (id: string, title: string) => {
      const { outcomes } = await tested.query(`mutation { store(id: "${id}", title: "${title}") { title } }`);
      const read = await tested.query(`{ film(id: "${id}") { title } }`);
      return { write: outcomes.at(-1), read: read.outcomes[0], data: read.data };
    };
    return { ...tested, turn, loads: () => loads };
  }
  const counters = ({ cache }: Awaited<ReturnType<typeof tagged>>) =>
    cache.stats.counters()['Mutation.store'];

  it('is invalidated and not stored, which is said once for the field, with the tag', async () => {
    const films = await tagged('@invalidates(tags: ["Films"])');
    for (const title of ['new', 'newer']) {
      expect(await films.turn('1', title)).toEqual({
        write: 'Mutation.store INVALIDATED',
        read: 'Query.film MISS',
        data: { film: { title } },
      });
    }
    expect(counters(films)).toMatchObject({ written: 0, stored: 0 });
    expect(films.logged.filter((line) => line.includes('ends a tag of its own entry'))).toEqual([
      expect.stringMatching(/^warn .*"coordinate":"Mutation.store","tag":"Films"/),
    ]);
  });

  it('is not stored under a spelling of its id that rows do not have, and nothing is said', async () => {
    const films = await tagged('');
    expect(await films.turn('007', 'new')).toMatchObject({ write: 'Mutation.store INVALIDATED' });
    expect(counters(films)).toMatchObject({ written: 0, stored: 0 });
    expect(films.logged).toEqual([]);
  });

  it('is stored where its write ends other tags', async () => {
    const films = await tagged('@invalidates(tags: ["Lists"])');
    expect(await films.turn('1', 'new')).toMatchObject({
      write: 'Mutation.store WRITTEN',
      read: 'Query.film HIT',
    });
    expect(counters(films)).toMatchObject({ written: 1, stored: 1 });
  });
});

describe('a row that is written through', () => {
  it.each(['film', 'through'] as const)('is a hit for the next read of %s', async (field) => {
    const { write, read, loads } = await films();
    const { outcomes } = await write('store', 'new');
    expect(outcomes).toEqual(['Mutation.store WRITTEN']);
    expect(await read(field)).toEqual(['new', 'HIT']);
    expect(loads()).toBe(0);
  });

  it('takes the place of what was stored before', async () => {
    const { write, read } = await films();
    expect(await read()).toEqual(['old', 'MISS']);
    await write('store', 'new');
    expect(await read()).toEqual(['new', 'HIT']);
  });

  it('is invalidated where the store does not take it', async () => {
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      invalidate: (tags, versions) => inner.invalidate(tags, versions),
      put: () => ['refused'],
    };
    const { write, read } = await films({ store });
    await read();
    expect((await write('store', 'new')).outcomes).toEqual(['Mutation.store INVALIDATED']);
    expect(await read()).toEqual(['new', 'MISS']);
  });

  it('is invalidated where it has no version, and that is told once', async () => {
    const { write, read, leaveOutVersions, logged } = await films();
    leaveOutVersions();
    await read();
    for (const title of ['new', 'newer']) {
      expect((await write('store', title)).outcomes).toEqual(['Mutation.store INVALIDATED']);
      expect(await read()).toEqual([title, 'MISS']);
    }
    expect(logged.filter((line) => line.includes('has no whole number as its version'))).toHaveLength(1);
  });

  it('is told of no version where its field is switched off, as nothing would be stored', async () => {
    const { write, leaveOutVersions, logged } = await films({ disabled: ['Mutation.store'] });
    leaveOutVersions();
    await write('store', 'new');
    expect(logged.filter((line) => line.includes('version'))).toEqual([]);
  });
});

describe('a row of a HYBRID', () => {
  it('is stored where its entry is hot', async () => {
    const { write, read } = await films();
    await read();
    expect((await write('storeHot', 'new')).outcomes).toEqual(['Mutation.storeHot WRITTEN']);
    expect(await read()).toEqual(['new', 'HIT']);
  });

  it('is only invalidated where nobody has read it', async () => {
    const { write, read } = await films();
    expect((await write('storeHot', 'new')).outcomes).toEqual(['Mutation.storeHot INVALIDATED']);
    expect(await read()).toEqual(['new', 'MISS']);
  });
});

describe.each(MUTATIONS)(
  '%s of a row that was read a moment ago, over a store that is far away',
  (mutation) => {
    async function far() {
      const asked: string[] = [];
      const inner = memoryStore();
      const clock = manualClock();
      const store: Store = {
        ...inner,
        isLocal: false,
        read: async (addresses) => inner.read(addresses),
        intend: async (intentions) => (asked.push('intend'), inner.intend(intentions)),
        invalidate: async (tags, versions, row) => (
          asked.push('invalidate'),
          inner.invalidate(tags, versions, row)
        ),
      };
      const tested = await films({ store, clock });
      const read = async () => (await tested.read())[0];
      const hit = async () => (await tested.read())[1];
      await read();
      await read();
      asked.length = 0;
      return { ...tested, inner, clock, asked, read, hit };
    }

    it('asks the store once, and stores it', async () => {
      const { write, read, hit, asked } = await far();
      expect((await write(mutation, 'new')).outcomes).toEqual([`Mutation.${mutation} WRITTEN`]);
      expect(asked).toEqual(['invalidate']);
      expect([await read(), await hit()]).toEqual(['new', 'HIT']);
      expect((await write(mutation, 'newer')).outcomes).toEqual([`Mutation.${mutation} WRITTEN`]);
      expect(asked).toEqual(['invalidate', 'invalidate']);
      expect([await read(), await hit()]).toEqual(['newer', 'HIT']);
    });

    it('stores it after a write by another process, and not after an invalidation without a version', async () => {
      const { write, read, inner } = await far();
      await inner.invalidate(['Film:1'], new Map([['Film:1', 2]]));
      expect((await write(mutation, 'third')).outcomes).toEqual([`Mutation.${mutation} WRITTEN`]);
      expect(await read()).toBe('third');
      await inner.invalidate(['Film:1']);
      expect((await write(mutation, 'fourth')).outcomes).toEqual([`Mutation.${mutation} INVALIDATED`]);
      expect(await read()).toBe('fourth');
    });

    it('asks before, too, once that is longer ago', async () => {
      const { write, read, asked, clock } = await far();
      clock.advance(1001);
      await write(mutation, 'new');
      expect(asked).toEqual(['intend', 'invalidate']);
      expect(await read()).toBe('new');
    });
  },
);

describe.each(MUTATIONS)('a mutation that stores what it writes: %s', (mutation) => {
  it('changes nothing where its resolver refuses', async () => {
    const { write, read, after } = await films();
    await read();
    after.throws = new GraphQLError('refused');
    expect((await write(mutation, 'new')).result.errors?.[0]?.message).toBe('refused');
    expect(await read()).toEqual(['old', 'HIT']);
  });

  it('stores no row that is older than one it has stored, where its resolver has changed nothing', async () => {
    const { write, read, changeNothing } = await films();
    await read();
    await write(mutation, 'new');
    changeNothing({ title: 'old', version: 1 });
    expect((await write(mutation, 'again')).outcomes).toEqual([`Mutation.${mutation} INVALIDATED`]);
    expect(await read()).toEqual(['new', 'MISS']);
  });

  it('invalidates where the log throws that is to be told of a row without a version', async () => {
    const log = {
      warn: () => undefined,
      error: () => {
        throw new Error('the log is closed');
      },
    };
    const { write, read, leaveOutVersions } = await films({ log });
    leaveOutVersions();
    await read();
    const { result, outcomes } = await write(mutation, 'new');
    expect(result.errors).toBeUndefined();
    expect(outcomes).toEqual([`Mutation.${mutation} INVALIDATED`]);
    expect(await read()).toEqual(['new', 'MISS']);
  });

  it('invalidates where a type of the application throws while its row is made, whenever that is', async () => {
    class Price {
      constructor(readonly cents: string) {}
    }
    let calls = 0;
    let throwsFrom = Infinity;
    const price = valueType<Price>({
      name: 'Price',
      is: (value): value is Price => {
        calls += 1;
        if (calls > throwsFrom) throw new Error('it fails');
        return value instanceof Price;
      },
      encode: ({ cents }) => cents,
      decode: (text) => new Price(text),
    });
    const { write, read } = await films({ types: [price], extra: { price: new Price('995') } });
    await read();
    calls = 0;
    await write(mutation, 'one');
    const most = calls;
    expect(most).toBeGreaterThan(1);
    for (let from = 0; from < most; from += 1) {
      await read();
      calls = 0;
      throwsFrom = from;
      const { result } = await write(mutation, `new ${from}`);
      throwsFrom = Infinity;
      expect(result.errors).toBeUndefined();
      expect((await read())[0]).toBe(`new ${from}`);
    }
  });

  it('invalidates where its resolver throws, as that may have been after the commit', async () => {
    const { write, read, after } = await films();
    await read();
    after.throws = new Error('the connection was lost');
    expect((await write(mutation, 'new')).result.errors).toHaveLength(1);
    expect(await read()).toEqual(['new', 'MISS']);
  });

  /** Two writes: the first one commits first, and is slow to answer. */
  async function superseded(tested: Awaited<ReturnType<typeof films>>) {
    const { write, read, after } = tested;
    await read();
    const gate = createGate();
    onTestFinished(() => gate.open());
    after.commit = gate;
    const slow = write(mutation, 'second');
    await gate.arrived();
    await write(mutation, 'third');
    gate.open();
    await slow;
    return read();
  }

  it('leaves the later of two versions, whichever comes last', async () => {
    expect((await superseded(await films()))[0]).toBe('third');
  });

  it('would leave the older one, if versions were not compared', async () => {
    expect((await superseded(await films({ store: withoutVersions(memoryStore()) })))[0]).toBe('second');
  });

  it.each<'all' | readonly string[]>(['all', [`Mutation.${mutation}`]])(
    'only invalidates its key where it is switched off: %j',
    async (disabled) => {
      const asked: string[] = [];
      const inner = memoryStore();
      const store: Store = {
        ...inner,
        intend: (intentions) => (asked.push('intend'), inner.intend(intentions)),
        put: (puts) => (asked.push('put'), inner.put(puts)),
      };
      const { write, read, cache } = await films({ store, disabled });
      await read();
      expect((await write(mutation, 'new')).outcomes).toEqual([`Mutation.${mutation} INVALIDATED`]);
      expect((await read())[0]).toBe('new');
      expect(cache.stats.counters()[`Mutation.${mutation}`]).toMatchObject({ invalidations: 1, written: 0 });
      expect(asked).toEqual([]);
    },
  );

  it.each([true, false])(
    'asks the store once after its resolver, or again for the row where a store does not put it beside: %j',
    async (isBeside) => {
      const asked: string[] = [];
      const inner = memoryStore();
      const store: Store = {
        ...inner,
        intend: (intentions) => (asked.push('intend'), inner.intend(intentions)),
        invalidate: (tags, versions, row) => {
          asked.push(row === undefined ? 'invalidate' : 'invalidate with a row');
          return inner.invalidate(tags, versions, isBeside ? row : undefined);
        },
        put: (puts) => (asked.push('put'), inner.put(puts)),
      };
      const { write, read, cache } = await films({ store });
      await read();
      expect((await write(mutation, 'new')).outcomes).toEqual([`Mutation.${mutation} WRITTEN`]);
      expect(asked).toEqual(['intend', 'invalidate with a row', ...(isBeside ? [] : ['put'])]);
      expect(await read()).toEqual(['new', 'HIT']);
      expect(cache.stats.counters()[`Mutation.${mutation}`]).toMatchObject({ written: 1, stored: 1 });
    },
  );

  it('is only invalidated where its row is larger than an entry may be', async () => {
    const { write, read, cache } = await films();
    await read();
    const { outcomes } = await write(mutation, 'long'.repeat(1_000_000));
    expect(outcomes).toEqual([`Mutation.${mutation} INVALIDATED`]);
    expect(cache.stats.counters()[`Mutation.${mutation}`]).toMatchObject({ tooLarge: 1, written: 0 });
    expect((await read())[0]).toHaveLength(4_000_000);
  });
});
