import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import type { Started } from '../servers/measured.js';
import type { Film, Films } from '../servers/films.js';
import { openVersionedFilms, type SharedSettings } from '../servers/versioned-films.js';
import { impatientOptions, impatientRedis } from './redis-client.js';
import { resolversOf, sharedTypeDefs, typeDefs } from './rows.js';

const MAX_ENTRIES = 100_000;

async function serve(options: { readonly typeDefs: string; readonly resolvers: object }) {
  const server = new ApolloServer({
    typeDefs: options.typeDefs,
    resolvers: { ...options.resolvers },
    plugins: [ApolloServerPluginCacheControlDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  return { url, stop: () => server.stop() };
}

/** `getOrSet` around each resolver, over its memory level without copies of values, as its documentation has it for speed. */
export async function startBentoCache(rows: Films): Promise<Started> {
  const cache = new BentoCache({
    default: 'memory',
    ttl: '1h',
    stores: {
      memory: bentostore().useL1Layer(memoryDriver({ maxItems: MAX_ENTRIES, serialize: false })),
    },
  });
  const plain = resolversOf(rows);
  const film = (id: string) =>
    cache.getOrSet({ key: `Movie:${id}`, factory: () => plain.Query.movie(undefined, { id }) });
  const { url, stop } = await serve({
    typeDefs,
    resolvers: {
      Query: {
        movie: (_: unknown, { id }: { id: string }) => film(id),
        movies: (_: unknown, { ids }: { ids: readonly string[] }) => Promise.all(ids.map(film)),
      },
      Movie: {
        director: (parent: Film) =>
          parent.directorId === null
            ? null
            : cache.getOrSet({
                key: `Person:${parent.directorId}`,
                factory: () => plain.Movie.director(parent),
              }),
      },
    },
  });
  const close = async (): Promise<void> => {
    await stop();
    await cache.disconnectAll();
  };
  return { url, loads: () => 0, close };
}

/**
 * Memory in front of Redis and a bus between the processes; a mutation deletes its film. Values are copied: without that a
 * message of the bus ends the process (1.6.1).
 */
export async function shareBentoCache(settings: SharedSettings): Promise<Started> {
  const { redisUrl, ttlSeconds, staleSeconds } = settings;
  const films = openVersionedFilms(settings);
  const connection = await impatientRedis(redisUrl);
  const cache = new BentoCache({
    default: 'both',
    ttl: `${ttlSeconds}s`,
    // Counted from when a value is stored, like the ttl.
    ...(staleSeconds > 0 ? { grace: `${ttlSeconds + staleSeconds}s` } : {}),
    stores: {
      both: bentostore()
        .useL1Layer(memoryDriver({ maxItems: MAX_ENTRIES }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection: impatientOptions(redisUrl) })),
    },
  });
  const { url, stop } = await serve({
    typeDefs: sharedTypeDefs,
    resolvers: {
      Query: {
        movie: (_: unknown, { id }: { id: string }) =>
          cache.getOrSet({ key: `Movie:${id}`, factory: () => films.load(id) }),
      },
      Mutation: {
        retitle: async (_: unknown, { id }: { id: string }) => {
          const film = await films.retitle(id);
          await cache.delete({ key: `Movie:${id}` });
          return film;
        },
      },
    },
  });
  const close = async (): Promise<void> => {
    await stop();
    await cache.disconnectAll();
    await films.close();
  };
  return { url, loads: films.loads, close };
}
