import { createServer } from 'node:http';
import { createRedisCache } from '@envelop/response-cache-redis';
import {
  createInMemoryCache,
  useResponseCache,
  type UseResponseCacheParameter,
} from '@graphql-yoga/plugin-response-cache';
import { createSchema, createYoga } from 'graphql-yoga';
import type { Started } from '../servers/measured.js';
import type { Films } from '../servers/films.js';
import { openVersionedFilms, versionedResolvers, type SharedSettings } from '../servers/versioned-films.js';
import { impatientRedis } from './redis-client.js';
import { resolversOf, sharedTypeDefs, typeDefs } from './rows.js';

const TTL_MS = 3_600_000;
const MAX_ANSWERS = 100_000;

interface Served {
  readonly typeDefs: string;
  readonly resolvers: object;
  readonly options: Pick<UseResponseCacheParameter, 'ttl' | 'cache'>;
}

/** Whole answers, one session for all, which Yoga gives before it parses anything. */
async function serve({ typeDefs, resolvers, options }: Served) {
  const yoga = createYoga({
    schema: createSchema({ typeDefs, resolvers: { ...resolvers } }),
    logging: false,
    graphiql: false,
    plugins: [useResponseCache({ session: () => null, ...options })],
  });
  const server = createServer((request, response) => void yoga(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/graphql`, stop };
}

/** Answers in memory. Its default bound of 1,000 answers is raised. */
export async function startYogaResponseCache(rows: Films): Promise<Started> {
  const { url, stop } = await serve({
    typeDefs,
    resolvers: resolversOf(rows),
    options: { ttl: TTL_MS, cache: createInMemoryCache({ max: MAX_ANSWERS }) },
  });
  return { url, loads: () => 0, close: stop };
}

/** Answers in Redis. A mutation ends those with the object that it returns, which is the default. */
export async function shareYogaResponseCache(settings: SharedSettings): Promise<Started> {
  const films = openVersionedFilms(settings);
  const redis = await impatientRedis(settings.redisUrl);
  const { url, stop } = await serve({
    typeDefs: sharedTypeDefs,
    resolvers: versionedResolvers(films),
    options: { ttl: settings.ttlSeconds * 1000, cache: createRedisCache({ redis }) },
  });
  const close = async (): Promise<void> => {
    await stop();
    redis.disconnect();
    await films.close();
  };
  return { url, loads: films.loads, close };
}
