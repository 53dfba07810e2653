import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { cacheTypeDefs, createCache } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { cacheLog } from '../cache-log.js';
import type { WarmProcessSettings } from './warm-process.js';
import { redisClient } from '../servers/redis-client.js';

/** A process of its own that keeps a report warm, and writes down in Redis when it loads: see `warm-process.ts`. */
const { url, name, refreshEvery, loadMs } = JSON.parse(process.argv[2] ?? '{}') as WarmProcessSettings;
const redis = redisClient(url);

const typeDefs = `
  type Query {
    report: String! @cached(ttl: ${2 * refreshEvery}, refreshEvery: ${refreshEvery}, pattern: PREFETCH, tags: ["Row"])
  }
  type Mutation { write: Int @invalidates(tags: ["Row"]) }
`;
const cache = createCache({
  store: redisStore(redisClient(url), { prefix: 'warm' }),
  environment: 'test',
  log: cacheLog(),
  warm: { 'Query.report': () => [{}] },
});
const report = async (): Promise<string> => {
  await redis.rpush('loads', `${name} ${Date.now()}`);
  await new Promise((resolve) => setTimeout(resolve, loadMs));
  return `by ${name}`;
};
const resolvers = { Query: { report }, Mutation: { write: () => 1 } };
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));

async function answer(source: string): Promise<{ readonly outcome: string; readonly ms: number }> {
  const contextValue = {};
  const trace = cache.trace(contextValue);
  const startedAtMs = performance.now();
  await graphql({ schema, source, contextValue });
  return { outcome: trace.report().fields[0]?.outcome ?? 'none', ms: performance.now() - startedAtMs };
}

process.on('message', ({ number, source }: { number: number; source: string }) => {
  void answer(source).then((result) => process.send?.({ number, result }));
});
await cache.start();
await cache.warm.ready();
process.send?.({ number: 0 });
