import { ApolloServer } from '@apollo/server';
import responseCache from '@apollo/server-plugin-response-cache';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { startStandaloneServer } from '@apollo/server/standalone';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import { ErrorsAreMissesCache, InMemoryLRUCache, type KeyValueCache } from '@apollo/utils.keyvaluecache';
import KeyvRedis, { createClient } from '@keyv/redis';
// The adapter wants the class of the CommonJS build.
import keyvPackage = require('keyv');
import type { Started } from '../servers/measured.js';
import type { Films } from '../servers/films.js';
import { openVersionedFilms, versionedResolvers, type SharedSettings } from '../servers/versioned-films.js';
import { resolversOf, sharedTypeDefs, typeDefs } from './rows.js';

const TTL_SECONDS = 3600;
const MAX_BYTES = 512 * 1024 * 1024;
const RETRY_MS = 100;
const COMMAND_MS = 500;

interface Served {
  readonly typeDefs: string;
  readonly resolvers: object;
  readonly cache: KeyValueCache;
  readonly ttlSeconds: number;
}

async function serve({ typeDefs, resolvers, cache, ttlSeconds }: Served) {
  const server = new ApolloServer({
    typeDefs,
    resolvers: { ...resolvers },
    cache,
    plugins: [
      ApolloServerPluginCacheControl({ defaultMaxAge: ttlSeconds, calculateHttpHeaders: false }),
      responseCache(),
    ],
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  return { url, stop: () => server.stop() };
}

/** Whole answers in memory. Its default bound of 30 MB is raised, so that nothing is evicted. */
export async function startApolloResponseCache(rows: Films): Promise<Started> {
  const cache = new InMemoryLRUCache({ maxSize: MAX_BYTES });
  const { url, stop } = await serve({
    typeDefs,
    resolvers: resolversOf(rows),
    cache,
    ttlSeconds: TTL_SECONDS,
  });
  return { url, loads: () => 0, close: stop };
}

/** Whole answers in Redis, whose errors are misses. They end by time only: it offers nothing that ends one for a write. */
export async function shareApolloResponseCache(settings: SharedSettings): Promise<Started> {
  const films = openVersionedFilms(settings);
  const client = createClient({
    url: settings.redisUrl,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: RETRY_MS },
    commandOptions: { timeout: COMMAND_MS },
  });
  client.on('error', () => undefined);
  await client.connect();
  const keyv = new keyvPackage.Keyv<string>({ store: new KeyvRedis(client) });
  keyv.on('error', () => undefined);
  const { url, stop } = await serve({
    typeDefs: sharedTypeDefs,
    resolvers: versionedResolvers(films),
    cache: new ErrorsAreMissesCache(new KeyvAdapter(keyv)),
    ttlSeconds: settings.ttlSeconds,
  });
  const close = async (): Promise<void> => {
    await stop();
    client.destroy();
    await films.close();
  };
  return { url, loads: films.loads, close };
}
