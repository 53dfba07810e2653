import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
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

/** Whether a schema with these two keys starts. */
function starts(keyOfOne: string, keyOfOther: string): boolean {
  const schema = makeExecutableSchema({
    typeDefs: [
      cacheTypeDefs,
      `type Query {
        one(id: ID!, part: ID!): String @cached(ttl: 60, key: "${keyOfOne}")
        other(id: ID!, part: ID!): Int @cached(ttl: 60, key: "${keyOfOther}")
      }`,
    ],
    resolvers: { Query: { one: () => 'one', other: () => 2 } },
  });
  try {
    createCache({ store: memoryStore() }).apply(schema);
    return true;
  } catch {
    return false;
  }
}

describe('the keys of two fields of different types', () => {
  it.each([
    ['Movie:{args.id}', 'Movie:top'],
    ['Movie:{args.id}:{args.part}', 'Movie:{args.id}:cast'],
    ['A{args.id}', 'AB{args.id}'],
    ['{args.id}:cast', 'Movie:{args.id}'],
  ])('are refused where an argument can make them one: "%s" and "%s"', (one, other) => {
    expect(starts(one, other)).toBe(false);
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
