import { makeExecutableSchema } from '@graphql-tools/schema';
import { parse } from 'graphql';
import { cacheTypeDefs, createCache, type Store } from '../../../src/cache/index.js';
import { executed } from './executed.js';
import { timesOf, type Subject } from './subject.js';

const typeDefs = /* GraphQL */ `
  type Author {
    name: String!
  }
  type Book {
    id: ID!
    author: Author @cached(ttl: 86400, pattern: READ_THROUGH, key: "Author:{parent.id}")
  }
  type Query {
    shelf(at: Int!): [Book!]!
  }
`;
const document = parse('query ($at: Int!) { shelf(at: $at) { author { name } } }');

/** So many that one can be invalidated after the other, before all are loaded anew. */
const SHELVES = 10;
const CYCLES = 8;

/** A list of so many objects with a cached field each. */
export async function parentsSubject(store: Store, parents: number): Promise<Subject> {
  let loads = 0;
  const load = (ids: readonly string[]): Promise<object[]> => {
    loads += 1;
    return Promise.resolve(ids.map((id) => ({ name: `author ${id}` })));
  };
  const cache = createCache<object>({ store, environment: 'production', origins: { Author: { load } } });
  const shelves = Array.from({ length: SHELVES }, (_, shelf) =>
    Array.from({ length: parents }, (_none, at) => ({ id: `${shelf}-${at}` })),
  );
  const shelfAt = (at: number): readonly { readonly id: string }[] => shelves[at % SHELVES] ?? [];
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: { Query: { shelf: (_: unknown, { at }: { at: number }) => shelfAt(at) } },
    }),
  );
  await cache.start();
  const ask = (at: number): Promise<void> =>
    executed({ schema, document, contextValue: {}, variableValues: { at: at % SHELVES } });
  for (let at = 0; at < SHELVES; at += 1) await ask(at);
  return {
    entries: parents * SHELVES,
    cycles: timesOf(CYCLES, parents / 10),
    operations: {
      'read hit': { times: timesOf(200, parents / 10), run: ask },
      invalidate: {
        times: SHELVES,
        run: (at) => cache.invalidate(shelfAt(at).map(({ id }) => `Author:${id}`)),
      },
      'miss and fill': { times: SHELVES, run: ask },
    },
    loads: () => loads,
    close: () => cache.close(),
  };
}
