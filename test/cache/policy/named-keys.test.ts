import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { CacheError, cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { testCache } from '../../support/test-cache.js';

describe('a tag that is written like a key', () => {
  it.each([
    ['left out', '', ''],
    ['null', '(decade: null)', '(decade: null)'],
    ['a number', '(decade: 1990)', '(decade: 1990)'],
  ])('invalidates the entry of the same arguments: %s', async (_what, read, write) => {
    let loads = 0;
    const { query } = testCache({
      typeDefs: `
        type Query { charts(decade: Int): Int @cached(ttl: 60, key: "Charts:{args.decade}") }
        type Mutation { refresh(decade: Int): Boolean @invalidates(tags: ["Charts:{args.decade}"]) }
      `,
      resolvers: { Query: { charts: () => (loads += 1) }, Mutation: { refresh: () => true } },
    });
    expect((await query(`{ charts${read} }`)).data).toEqual({ charts: 1 });
    await query(`mutation { refresh${write} }`);
    expect((await query(`{ charts${read} }`)).data).toEqual({ charts: 2 });
  });

  it.each([
    ['left out', '', ''],
    ['null', '(decade: null)', '(decade: null)'],
  ])('reaches the entries that carry it as a tag: %s', async (_what, read, write) => {
    let loads = 0;
    const { query } = testCache({
      typeDefs: `
        type Query { charts(decade: Int): Int @cached(ttl: 60, tags: ["Charts:{args.decade}"]) }
        type Mutation { refresh(decade: Int): Boolean @invalidates(tags: ["Charts:{args.decade}"]) }
      `,
      resolvers: { Query: { charts: () => (loads += 1) }, Mutation: { refresh: () => true } },
    });
    await query(`{ charts${read} }`);
    await query(`mutation { refresh${write} }`);
    expect((await query(`{ charts${read} }`)).data).toEqual({ charts: 2 });
  });
});

/** Whether a schema with these keys starts; the field of the first key is a String, those of the others are Ints. */
function starts(...keys: readonly string[]): boolean {
  const fields = keys.map((key, at) => {
    const type = at === 0 ? 'String' : 'Int';
    return `field${at}(id: ID!, part: ID!): ${type} @cached(ttl: 60, key: "${key}")`;
  });
  const resolvers = { Query: Object.fromEntries(keys.map((_, at) => [`field${at}`, () => at])) };
  const typeDefs = [cacheTypeDefs, `type Query { ${fields.join(' ')} }`];
  try {
    createCache({ store: memoryStore() }).apply(makeExecutableSchema({ typeDefs, resolvers }));
    return true;
  } catch (error) {
    if (error instanceof CacheError && error.code === 'CACHE_CONFIGURATION') return false;
    throw error;
  }
}

describe('the keys of fields of different types', () => {
  it.each([
    ['Movie:{args.id}', 'Movie:top'],
    ['Movie:{args.id}:{args.part}', 'Movie:{args.id}:cast'],
    ['A{args.id}', 'AB{args.id}'],
    ['{args.id}:cast', 'Movie:{args.id}'],
  ])('are refused where an argument can make them one: "%s" and "%s"', (one, other) => {
    expect(starts(one, other)).toBe(false);
    expect(starts(other, one)).toBe(false);
  });

  it.each([
    ['Movie:{args.id}', 'Person:{args.id}'],
    ['Movie:{args.id}', 'Movie:{args.id}:cast'],
    ['Movie:{args.id}:cast', 'Movie:{args.id}:crew'],
    ['Movie:{args.id}', 'MovieCast:{args.id}'],
  ])('are accepted where no argument can: "%s" and "%s"', (one, other) => {
    expect(starts(one, other)).toBe(true);
  });
});

describe('a key that can be those of two other fields', () => {
  it('is compared with both, not only with the first', () => {
    const schema = makeExecutableSchema({
      typeDefs: [
        cacheTypeDefs,
        `type Query {
          top: Int @cached(ttl: 60, key: "Movie:top")
          title: String @cached(ttl: 60, key: "Movie:title")
          any(id: ID!): Int @cached(ttl: 60, key: "Movie:{args.id}")
        }`,
      ],
      resolvers: { Query: { top: () => 1, title: () => 'x', any: () => 2 } },
    });
    expect(() => createCache({ store: memoryStore() }).apply(schema)).toThrow(/Query\.title/);
  });
});
