import { makeExecutableSchema } from '@graphql-tools/schema';
import { parse } from 'graphql';
import { cacheTypeDefs, createCache, type Store } from '../../../src/cache/index.js';
import { executed } from './executed.js';
import { inBatches } from './in-batches.js';
import type { Subject } from './subject.js';

const typeDefs = /* GraphQL */ `
  type Desk {
    of: ID!
    note: String!
  }
  type Query {
    desk: Desk @cached(ttl: 86400, scope: PRIVATE)
  }
`;
const document = parse('{ desk { note } }');
const STRIDE = 7919;
const CYCLES = 4;

interface Context {
  readonly viewer: string;
}

/** A private field with an entry for each of so many viewers. */
export async function viewersSubject(store: Store, viewers: number): Promise<Subject> {
  let loads = 0;
  const cache = createCache<Context>({
    store,
    environment: 'production',
    viewer: ({ viewer }) => viewer,
  });
  const desk = (_: unknown, _args: unknown, { viewer }: Context): object => {
    loads += 1;
    return { of: viewer, note: `what viewer ${viewer} wrote` };
  };
  const schema = cache.apply(
    makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers: { Query: { desk } } }),
  );
  await cache.start();
  const viewerAt = (at: number): string => `${(at * STRIDE) % viewers}`;
  const ask = (at: number): Promise<void> =>
    executed({ schema, document, contextValue: { viewer: viewerAt(at) } });
  await inBatches(viewers, ask);
  const few = Math.min(25, viewers);
  return {
    entries: viewers,
    cycles: CYCLES,
    operations: {
      'read hit': { times: 200, run: ask },
      invalidate: { times: few, run: (at) => cache.clearViewer(viewerAt(at)) },
      'miss and fill': { times: few, run: ask },
    },
    loads: () => loads,
    close: () => cache.close(),
  };
}
