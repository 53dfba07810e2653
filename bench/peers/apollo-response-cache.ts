import { ApolloServer } from '@apollo/server';
import responseCache from '@apollo/server-plugin-response-cache';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { startStandaloneServer } from '@apollo/server/standalone';
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache';
import type { Started } from '../servers/measured.js';
import type { Films } from '../servers/films.js';
import { resolversOf, typeDefs } from './rows.js';

const TTL_SECONDS = 3600;
const MAX_BYTES = 512 * 1024 * 1024;

/** Whole answers in memory. Its default bound of 30 MB is raised, so that nothing is evicted. */
export async function startApolloResponseCache(rows: Films): Promise<Started> {
  const server = new ApolloServer({
    typeDefs,
    resolvers: resolversOf(rows),
    cache: new InMemoryLRUCache({ maxSize: MAX_BYTES }),
    plugins: [
      ApolloServerPluginCacheControl({ defaultMaxAge: TTL_SECONDS, calculateHttpHeaders: false }),
      responseCache(),
    ],
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  return { url, loads: () => 0, close: () => server.stop() };
}
