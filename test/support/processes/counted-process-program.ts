import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { cacheTypeDefs, createCache } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { cacheLog } from '../cache-log.js';
import type { Counted, CountedProcessSettings, CountedRequest } from './counted-process.js';
import { redisClient } from '../servers/redis-client.js';

/** A process of its own that counts what it asks of its cache: see `counted-process.ts`. */
const { url, prefix, plant } = JSON.parse(process.argv[2] ?? '{}') as CountedProcessSettings;
const redis = redisStore(redisClient(url), { prefix });
let loads = 0;
const cache = createCache({
  store: plant === 'tells-nothing' ? { ...redis, shareFigures: () => undefined } : redis,
  environment: 'test',
  log: cacheLog(),
});
const typeDefs = 'type Query { item(id: ID!): String! @cached(ttl: 60) }';
const item = (_parent: unknown, { id }: { id: string }): string => {
  loads += 1;
  return `item ${id}`;
};
const resolvers = { Query: { item } };
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));

async function load({
  requests,
  ids,
}: {
  readonly requests: number;
  readonly ids: number;
}): Promise<Counted> {
  const before = loads;
  const ask = async (number: number): Promise<void> => {
    const variableValues = { id: `${number % ids}` };
    await graphql({ schema, source: 'query ($id: ID!) { item(id: $id) }', variableValues, contextValue: {} });
  };
  // Some at a time, as clients come.
  for (let from = 0; from < requests; from += 50) {
    await Promise.all(Array.from({ length: Math.min(50, requests - from) }, (_, index) => ask(from + index)));
  }
  return { requests, loads: loads - before };
}

process.on('message', (request: CountedRequest) => {
  void ('load' in request ? load(request.load) : cache.stats.report()).then((result) =>
    process.send?.({ number: request.number, result }),
  );
});
await cache.start();
process.send?.({ number: 0 });
