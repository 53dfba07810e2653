import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { channels, onStart } from '../../../src/cache/diagnostics/index.js';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = /* GraphQL */ `
  type Film {
    id: ID!
    version: Int
  }
  type Query {
    shared: String @cached(ttl: 60)
    mine: String @cached(ttl: 60, scope: PRIVATE)
    ofGuests: String @cached(ttl: 60, scope: PRIVATE)
    plain: String
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
  }
  type Mutation {
    end: String @invalidates(tags: ["Film:1"])
    through(id: ID!): Film @cached(ttl: 60, pattern: WRITE_THROUGH, key: "Film:{args.id}")
    behind(id: ID!): Film @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Note:{args.id}")
    none: String
  }
`;

/** The same, of a class that is derived from promises, as those of postgres.js are. */
class DerivedQuery<T> extends Promise<T> {
  constructor(send: () => Promise<T>) {
    super(() => undefined);
    this.then = (onRows, onError) => send().then(onRows, onError);
  }
}

/** Queries as Mongoose, Knex and Drizzle make them: each `then` sends one. */
function lazyQueries() {
  const sent: Record<string, number> = {};
  const send = <T>(name: string, rows: T): Promise<T> => {
    sent[name] = (sent[name] ?? 0) + 1;
    return Promise.resolve(rows);
  };
  const lazy = <T>(name: string, rows: T): PromiseLike<T> => ({
    then: (onRows, onError) => send(name, rows).then(onRows, onError),
  });
  const derived = <T>(name: string, rows: T): Promise<T> => new DerivedQuery(() => send(name, rows));
  return { sent, lazy, derived };
}

describe('a query that is sent anew with each then', () => {
  it.each<{ environment: 'development' | 'production'; isTold: boolean }>([
    { environment: 'development', isTold: false },
    { environment: 'development', isTold: true },
    { environment: 'production', isTold: false },
    { environment: 'production', isTold: true },
  ])('is sent once, in $environment, told of: $isTold', async ({ environment, isTold }) => {
    const { sent, lazy, derived } = lazyQueries();
    if (isTold) {
      const { read, load, invalidate, flush } = channels;
      onTestFinished(onStart(read, () => undefined));
      onTestFinished(onStart(load, () => undefined));
      onTestFinished(onStart(invalidate, () => undefined));
      onTestFinished(onStart(flush, () => undefined));
    }
    const { cache, query } = testCache({
      typeDefs,
      environment,
      origins: {
        Film: {
          load: (ids) => {
            const rows = ids.map((id) => ({ id, version: 1 }));
            return derived('origin', rows);
          },
        },
        Note: { flush: () => derived('flush', undefined) },
      },
      resolvers: {
        Query: {
          shared: () => lazy('shared', 'x'),
          mine: () => lazy('mine', 'x'),
          ofGuests: () => lazy('ofGuests', 'x'),
          plain: () => lazy('plain', 'x'),
        },
        Mutation: {
          end: () => lazy('end', 'x'),
          none: () => lazy('none', 'x'),
          through: (_, { id }) => lazy('through', { id, version: 2 }),
          behind: (_, { id }) => lazy('behind', { id, version: 3 }),
        },
      },
    });
    onTestFinished(() => cache.close());
    const ann = { viewer: { id: 'ann' } };
    expect((await query('{ shared mine plain film(id: 1) { id } }', ann)).result.errors).toBeUndefined();
    expect((await query('{ ofGuests }')).data).toEqual({ ofGuests: 'x' });
    const writes = 'mutation { end none through(id: 1) { id } behind(id: 1) { id } }';
    expect((await query(writes, ann)).result.errors).toBeUndefined();
    await cache.fetch('Rate:EUR', { ttl: 60 }, () => derived('fetch', 'x'));
    const once = [
      'shared',
      'mine',
      'plain',
      'origin',
      'ofGuests',
      'end',
      'none',
      'through',
      'behind',
      'flush',
      'fetch',
    ];
    expect(sent).toEqual(Object.fromEntries(once.map((name) => [name, 1])));
  });

  it('is not sent where a getter of a frozen context is only looked at', async () => {
    const { sent, lazy } = lazyQueries();
    const cache = createCache({ store: memoryStore(), environment: 'production', viewer: () => 'ann' });
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, 'type Query { shared: String @cached(ttl: 60) }'],
        resolvers: { Query: { shared: () => 'x' } },
      }),
    );
    let looks = 0;
    const contextValue = Object.freeze({
      get rows() {
        looks += 1;
        return lazy('rows', []);
      },
    });
    const result = await graphql({ schema, source: '{ shared }', contextValue });
    expect(result).toEqual({ data: { shared: 'x' } });
    expect(looks).toBeGreaterThan(0);
    expect(sent).toEqual({});
  });
});
