import { randomUUID } from 'node:crypto';
import { Decimal } from 'decimal.js';
import { GraphQLScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { createGate } from '../../support/gate.js';
import { needsRedis } from '../../support/needs.js';
import { useTestedRedis } from '../../support/servers/tested-redis.js';
import { decimalType } from '../../support/stores/storable-values.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = /* GraphQL */ `
  scalar Raw
  type Film {
    id: ID!
    tags: [String!]!
    turned: [String!]!
    at: Raw
    moved: Raw
    bytes: Raw
    wiped: Raw
    price: Raw
    nested: Raw
    emptied: Raw
    own: Raw @cached(ttl: 60)
  }
  type Query {
    aside: Film @cached(ttl: 60)
    local: Film @cached(ttl: 60, local: 60)
    stale: Film @cached(ttl: 1, swr: 3600)
    through(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    many(ids: [ID!]!): [Film]! @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    list: [Film!]! @cached(ttl: 60)
    date: Raw @cached(ttl: 60)
  }
`;

interface Row {
  tags: string[];
  at: Date;
  bytes: Buffer;
  price: Decimal;
  nested: { list: { name: string }[] };
}

const rowOf = (id: string): Row & { id: string } => ({
  id,
  tags: ['a', 'b', 'c'],
  at: new Date('2020-01-01T00:00:00Z'),
  bytes: Buffer.from('abc'),
  price: new Decimal('1.50'),
  nested: { list: [{ name: 'x' }] },
});

/** A reader that changes everything it is given: no resolver should, and many do. */
const changing = {
  turned: ({ tags }: Row) => tags.reverse(),
  moved: ({ at }: Row) => new Date(at.setFullYear(2050)),
  wiped: ({ bytes }: Row) => bytes.fill(0x78),
  emptied: ({ nested }: Row) => {
    const [first] = nested.list.splice(0);
    if (first !== undefined) first.name = 'changed';
    return nested;
  },
};

const text = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString() : JSON.stringify(value));
const raw = new GraphQLScalarType({ name: 'Raw', serialize: text });

const everything = '{ id tags at bytes price nested turned moved wiped emptied own }';
const answer = (id: string): unknown => ({
  id,
  tags: ['a', 'b', 'c'],
  at: '"2020-01-01T00:00:00.000Z"',
  bytes: 'abc',
  price: '"1.5"',
  nested: '{"list":[{"name":"x"}]}',
  turned: ['c', 'b', 'a'],
  moved: '"2050-01-01T00:00:00.000Z"',
  wiped: 'xxx',
  emptied: '{"list":[]}',
  own: '{"list":[{"name":"own"}]}',
});

const sources: [string, (id: string) => string, (film: unknown) => unknown][] = [
  ['CACHE_ASIDE', () => `{ film: aside ${everything} }`, (film) => ({ film })],
  ['a local copy', () => `{ film: local ${everything} }`, (film) => ({ film })],
  ['a stale value', () => `{ film: stale ${everything} }`, (film) => ({ film })],
  ['READ_THROUGH', (id) => `{ film: through(id: ${id}) ${everything} }`, (film) => ({ film })],
  [
    'a list of READ_THROUGH',
    (id) => `{ films: many(ids: [${id}]) ${everything} }`,
    (film) => ({ films: [film] }),
  ],
  [
    'a list, and what is read ahead for it',
    () => `{ films: list ${everything} }`,
    (film) => ({ films: [film] }),
  ],
];

const hasRedis = needsRedis();
const used = useTestedRedis(hasRedis);

interface Tier {
  readonly store: Store;
  readonly strictCopies?: boolean;
}

function inRedis(): Store {
  return redisStore(used.redis, { prefix: randomUUID() });
}

const tiers: [string, () => Tier][] = [
  ['the memory store', () => ({ store: memoryStore() })],
  ...(hasRedis
    ? ([
        ['Redis', () => ({ store: inRedis() })],
        ['strict copies', () => ({ store: inRedis(), strictCopies: true })],
      ] satisfies [string, () => Tier][])
    : []),
];

async function films(
  tier: Tier,
  environment: 'test' | 'production',
  load: () => Promise<void> = () => Promise.resolve(),
) {
  const film = async (): Promise<Row> => {
    await load();
    return rowOf('1');
  };
  const tested = testCache({
    ...tier,
    clock: systemClock,
    typeDefs,
    environment,
    types: [decimalType],
    resolvers: {
      Raw: raw as never,
      Query: {
        aside: film,
        local: film,
        stale: film,
        list: async () => [await film()],
        date: () => new Date(0),
      },
      Film: {
        ...(changing as object),
        own: (() => ({ list: [{ name: 'own' }] })) as never,
      },
    },
    origins: {
      Film: {
        load: async (ids) => {
          await load();
          return ids.map(rowOf);
        },
      },
    },
  });
  await tested.cache.start();
  return tested;
}

describe.each(['test', 'production'] as const)('in %s', (environment) => {
  describe.each(tiers)('what a resolver does to a value from %s', (_tier, makeTier) => {
    it.each(sources)('is never seen by another reader: %s', async (_name, sourceOf, shaped) => {
      const { query, cache } = await films(makeTier(), environment);
      for (let times = 0; times < 4; times += 1) {
        expect((await query(sourceOf('1'))).data).toEqual(shaped(answer('1')));
      }
      await cache.close();
    });

    it('is never seen by those who joined its flight', async () => {
      const gate = createGate();
      const { query, cache } = await films(makeTier(), environment, () => gate.wait());
      for (const [, sourceOf] of sources.slice(0, 1)) {
        const answers = Promise.all(Array.from({ length: 5 }, () => query(sourceOf('1'))));
        await gate.arrived();
        gate.open();
        for (const { data } of await answers) expect(data).toEqual({ film: answer('1') });
      }
      await cache.close();
    });
  });
});

describe('cache.fetch', () => {
  it('hands each caller a value of its own', async () => {
    const { cache } = await films({ store: memoryStore() }, 'production');
    const fetch = () => cache.fetch('Film:1', { ttl: 60 }, () => rowOf('1'));
    const first = await fetch();
    for (const row of [first, await fetch()]) {
      row.tags.reverse();
      row.at.setFullYear(2050);
      row.bytes.fill(0);
      row.nested.list.length = 0;
    }
    expect(await fetch()).toEqual(rowOf('1'));
    const date = await cache.fetch('Date:1', { ttl: 60 }, () => new Date(0));
    date.setFullYear(2050);
    expect(await cache.fetch('Date:1', { ttl: 60 }, () => new Date(1))).toEqual(new Date(0));
  });

  it('hands out one instance of a type that says it is immutable', async () => {
    const { cache } = testCache({
      typeDefs: 'type Query { a: Int }',
      types: [{ ...decimalType, isImmutable: true }],
    });
    const fetch = () => cache.fetch('Price:1', { ttl: 60 }, () => new Decimal(1));
    await fetch();
    expect(await fetch()).toBe(await fetch());
  });
});

describe('a row that cannot be copied', () => {
  const rows = /* GraphQL */ `
    type Film {
      turned: [String!]!
    }
    type Query {
      through(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
      many(ids: [ID!]!): [Film]! @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    }
  `;
  const row = (): object => ({ id: '1', tags: ['a', 'b'], when: { toJSON: () => 'now' } });
  const asked = '{ one: through(id: 1) { turned } two: through(id: 1) { turned } }';
  const turned = { turned: ['b', 'a'] };

  it('is loaded for each place of a request that asks for it, since each may change it', async () => {
    const loads: (readonly string[])[] = [];
    const { query } = testCache({
      typeDefs: rows,
      resolvers: { Film: { turned: changing.turned as never } },
      origins: {
        Film: {
          load: (ids) => {
            loads.push(ids);
            return Promise.resolve(ids.map(row));
          },
        },
      },
    });
    for (let times = 0; times < 2; times += 1) {
      expect((await query(asked)).data).toEqual({ one: turned, two: turned });
      expect((await query('{ many(ids: [1, 1, 1]) { turned } }')).data).toEqual({
        many: [turned, turned, turned],
      });
    }
    // No call names an id twice, which many origins would answer with one object.
    for (const ids of loads) expect(new Set(ids).size).toBe(ids.length);
  });
});
