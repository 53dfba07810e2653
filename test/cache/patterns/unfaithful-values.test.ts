import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';

const NAME = Symbol('name');

class Titles extends Array<string> {}
class Moment extends Date {}

const PROXY = 'a Proxy (a plain copy, such as { ...row } made in the load, can be)';

const hidden = (row: object): object =>
  Object.defineProperty({ ...row }, '__typename', { value: 'Film', enumerable: false });

/** Values that the codec would change, and the reason that is told. */
const values: [string, () => unknown, string][] = [
  [
    'a non-enumerable __typename',
    () => hidden({ id: '1' }),
    'an object with a field that is named by a symbol or not enumerable at the top',
  ],
  [
    'a getter, which could tell each reader something else',
    () => ({
      id: '1',
      get __typename() {
        return 'Film';
      },
    }),
    'a getter at .__typename',
  ],
  [
    'a Proxy, whose traps could do the same',
    () => new Proxy({ id: '1', __typename: 'Film' }, {}),
    `${PROXY} at the top`,
  ],
  [
    'a list behind a Proxy',
    () => ({ id: '1', __typename: 'Film', tags: new Proxy(['a'], {}) }),
    `${PROXY} at .tags`,
  ],
  [
    'a field that a symbol names',
    () => ({ id: '1', __typename: 'Film', [NAME]: 1 }),
    'an object with a field that is named by a symbol or not enumerable at the top',
  ],
  [
    'a list with a field of its own',
    () => ({ id: '1', __typename: 'Film', tags: Object.assign(['a'], { total: 9 }) }),
    'a list with holes or with fields of its own at .tags',
  ],
  [
    'a list with a hole',
    () => ({ id: '1', __typename: 'Film', tags: [, 'a'] }),
    'a list with holes or with fields of its own at .tags',
  ],
  [
    'a class that extends Array',
    () => ({ id: '1', __typename: 'Film', tags: Titles.of('a') }),
    'an instance of Titles at .tags',
  ],
  [
    'a class that extends Date',
    () => ({ id: '1', __typename: 'Film', at: new Moment(0) }),
    'an instance of Moment at .at',
  ],
  [
    'a Date with a field of its own',
    () => ({ id: '1', __typename: 'Film', at: Object.assign(new Date(0), { zone: 'UTC' }) }),
    'a Date with fields of its own at .at',
  ],
];

const typeDefs = /* GraphQL */ `
  interface Node {
    id: ID!
    seen: String
  }
  type Film implements Node {
    id: ID!
    seen: String
  }
  type Query {
    node: Node @cached(ttl: 60)
    through(id: ID!): Node @cached(ttl: 60, pattern: READ_THROUGH, key: "Node:{args.id}")
  }
`;

/** What a resolver can see of a value, so that an answer from the cache can differ from one without it. */
function seen(row: object): string {
  const tags: unknown = Reflect.get(row, 'tags');
  const at: unknown = Reflect.get(row, 'at');
  return JSON.stringify({
    symbol: NAME in row,
    total: Reflect.get(Object(tags), 'total'),
    holes: Array.isArray(tags) && !(0 in tags),
    tags: tags instanceof Titles,
    at: at instanceof Moment,
    zone: Reflect.get(Object(at), 'zone'),
  });
}

describe.each(['test', 'production'] as const)('in %s a value that the codec would change', (environment) => {
  it.each(values)('is answered, not stored, and told once: %s', async (_name, make, reason) => {
    const { query, cache, logged } = testCache({
      typeDefs,
      environment,
      resolvers: { Query: { node: make }, Film: { seen: (row) => seen(Object(row)) } },
      origins: { Node: { load: (ids) => Promise.resolve(ids.map(make)) } },
    });
    const row = { id: '1', seen: seen(Object(make())) };
    for (let times = 0; times < 3; times += 1) {
      expect((await query('{ node { id seen } }')).result).toEqual({ data: { node: row } });
      expect((await query('{ through(id: 1) { id seen } }')).result).toEqual({ data: { through: row } });
    }
    for (const coordinate of ['Query.node', 'Query.through']) {
      expect(cache.stats.counters()[coordinate]).toMatchObject({ stored: 0, hits: 0, unstorable: 3 });
    }
    expect(logged).toEqual(
      ['Query.node', 'Query.through'].map(
        (coordinate) =>
          `warn a value cannot be stored; the field is not cached {"coordinate":"${coordinate}","reason":"${reason} cannot be stored"}`,
      ),
    );
  });

  it('is answered by cache.fetch too', async () => {
    const { cache } = testCache({
      typeDefs,
      environment,
      resolvers: { Query: { node: () => null } },
      origins: { Node: { load: () => Promise.resolve([]) } },
    });
    for (const [, make] of values) {
      const value = make();
      expect(await cache.fetch('Value:1', { ttl: 60 }, () => value)).toBe(value);
    }
  });
});

describe('what the codec cannot know', () => {
  it('is found by comparing: a registered type whose text says less than the value', async () => {
    class Money {
      constructor(
        readonly amount: number,
        readonly currency: string,
      ) {}
    }
    const { cache, logged } = testCache({
      typeDefs: 'type Query { a: Int }',
      types: [
        {
          name: 'Money',
          is: (value): value is Money => value instanceof Money,
          encode: (money) => `${(money as Money).amount} ${(money as Money).currency}`,
          decode: (text) => new Money(Number.parseInt(text, 10), text.split(' ')[1] ?? ''),
        },
      ],
    });
    const cents = new Money(1.5, 'EUR');
    expect(await cache.fetch('Money:1', { ttl: 60 }, () => ({ cents }))).toEqual({ cents });
    expect(logged).toEqual([
      expect.stringContaining('a value that the codec would change at .cents cannot be stored'),
    ]);
  });

  it.each([
    ['encode', 'a value that the type Money cannot encode at .price cannot be stored'],
    ['decode', 'a value that the type Money cannot decode at some place cannot be stored'],
  ])('is no trouble of the store, where %s of a registered type throws', async (name, reason) => {
    class Money {
      readonly amount = 1.5;
    }
    const refuse = (): never => {
      throw new Error('1.5');
    };
    const { cache, logged } = testCache({
      typeDefs: 'type Query { a: Int }',
      types: [
        {
          name: 'Money',
          is: (value): value is Money => value instanceof Money,
          encode: () => '',
          decode: () => new Money(),
          ...{ [name]: refuse },
        },
      ],
    });
    const value = { price: new Money() };
    expect(await cache.fetch('Money:1', { ttl: 60 }, () => value)).toBe(value);
    expect(logged).toEqual([
      `warn a value cannot be stored; the field is not cached {"coordinate":"cache.fetch Money","reason":"${reason}"}`,
    ]);
  });
});
