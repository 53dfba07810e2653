import { makeExecutableSchema } from '@graphql-tools/schema';
import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, graphql } from 'graphql';
import { expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryJournal, memoryStore } from '../../../src/cache/index.js';
import { placeTable } from '../../support/worlds/places.js';

const typeDefs = `
  type Place { id: ID! seconds: Int! }
  type Spot { id: ID! place: Place @cached(ttl: 60, key: "Place:{parent.id}") }
  type Query { spots: [Spot!]! @cached(ttl: 60) }
  type Mutation {
    note(id: ID!, seconds: Int!): Place! @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

it.each([
  ['ends the entry by itself', true],
  ['leaves the end of the entry to the store', false],
])(
  'what was read ahead answers nothing after an accepted write, of a journal that %s',
  async (_what, ends) => {
    const table = placeTable();
    table.rows.set('1', { seconds: 5, seq: 1 });
    const store = memoryStore();
    const inner = memoryJournal();
    const cache = createCache({
      store,
      environment: 'test',
      journal: {
        ...inner,
        endsGenerations: ends,
        accept: (write) => {
          // As the script of a journal beside the store does: the cache is not told.
          if (ends) void store.invalidate([write.key]);
          return inner.accept(write);
        },
      },
      origins: { Place: { flush: table.flush } },
    });
    const plain = makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: { spots: () => [{ id: '1' }] },
        Spot: { place: ({ id }: { id: string }) => table.load(id) },
        Mutation: { note: (_: unknown, place: { id: string; seconds: number }) => ({ ...place }) },
      },
    });
    let before = (): Promise<unknown> => Promise.resolve();
    const applied = cache.apply(plain);
    // Code around a cached field that waits, as a check of the application.
    const schema = mapSchema(applied, {
      [MapperKind.OBJECT_FIELD]: (config, name) => {
        if (name !== 'place') return config;
        const { resolve = defaultFieldResolver } = config;
        return { ...config, resolve: (...call) => before().then(() => resolve(...call)) };
      },
    });
    await cache.start();
    onTestFinished(() => cache.close());
    const read = async () =>
      (await graphql({ schema, source: '{ spots { place { seconds } } }', contextValue: {} })).data;
    const seen = (seconds: number): unknown => ({ spots: [{ place: { seconds } }] });
    for (let times = 0; times < 2; times += 1) expect(await read()).toEqual(seen(5));
    before = () =>
      graphql({ schema, source: 'mutation { note(id: 1, seconds: 10) { id } }', contextValue: {} });
    expect(await read()).toEqual(seen(10));
  },
);
