import { describe, expect, it } from 'vitest';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = /* GraphQL */ `
  type Box {
    id: ID!
    size: Int @cached(ttl: 60)
  }
  type Query {
    product(id: ID!): Int @cached(ttl: 60, key: "Product:{args.id}", tags: ["Shelf:{args.id}", "All"])
    plain(id: ID!): Box @cached(ttl: 60)
    top(decade: Int): Int @cached(ttl: 60, key: "Top-{args.decade}")
  }
  type Mutation {
    write(id: ID!): Int @cached(ttl: 60, pattern: WRITE_THROUGH, key: "Written:{args.id}")
  }
`;

const cacheOf = (environment: 'test' | 'production' = 'test') =>
  testCache({
    ...{ typeDefs, environment },
    resolvers: {
      Query: { product: () => 1, plain: () => ({ id: 1 }), top: () => 1 },
      Box: { size: () => 1 },
      Mutation: { write: () => 1 },
    },
    origins: { Row: { load: (ids) => Promise.resolve(ids) } },
    fetches: ['Session'],
  });

const sentence = (namespace: string, hint = '') =>
  `cache.invalidate: no key and no tag of any @cached field begins with "${namespace}", so that tag invalidates nothing` +
  `${hint}; correct it, or pass fetches: ["${namespace}"] to createCache where only cache.fetch uses it`;

describe('cache.invalidate', () => {
  it.each(['test', 'production'] as const)(
    'warns once of a namespace that nothing reads, with the nearest name, in %s',
    async (environment) => {
      const { cache, logged } = cacheOf(environment);
      await cache.invalidate(['Prodct:1', 'Product:1']);
      await cache.invalidate(['Prodct:2']);
      await cache.invalidate(['Zebra:2']);
      expect(logged).toEqual([
        `warn ${sentence('Prodct', ' (did you mean "Product"?)')} {"namespace":"Prodct"}`,
        `warn ${sentence('Zebra', ' (there are All, Box.size, Product, Query.plain, Row, Session, Shelf and Written)')} {"namespace":"Zebra"}`,
      ]);
    },
  );

  it.each([
    'Product:1',
    'Shelf:1',
    'All',
    'Query.plain(id:"1")',
    'Box.size:1()',
    'Top-1990',
    'Written:1',
    'Row:1',
    'Session:1',
  ])('does not warn of what is read: %s', async (tag) => {
    const { cache, logged } = cacheOf();
    await cache.invalidate([tag]);
    expect(logged).toEqual([]);
  });

  it('does not warn of the keys and tags that cache.fetch was called with', async () => {
    const { cache, logged } = cacheOf();
    await cache.fetch('Token:1', { ttl: 60, tags: ['Owner:1'] }, () => 1);
    await cache.invalidate(['Token:1', 'Owner:1']);
    expect(logged).toEqual([]);
  });

  it('does not warn where caching is switched off, since cache.fetch stores nothing there', async () => {
    const { cache, logged } = testCache({
      typeDefs: 'type Query { a: Int @cached(ttl: 60) }',
      resolvers: { Query: { a: () => 1 } },
      disabled: 'all',
    });
    await cache.fetch('Token:1', { ttl: 60 }, () => 1);
    await cache.invalidate(['Token:1']);
    expect(logged).toEqual([]);
  });

  it('does not warn where there is no schema', async () => {
    const log = cacheLog();
    const cache = createCache({ store: memoryStore(), log });
    await cache.invalidate(['Anything:1']);
    await cache.close();
    expect(log.lines).toEqual([]);
  });
});
