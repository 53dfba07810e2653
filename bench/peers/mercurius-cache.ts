import { fastify } from 'fastify';
import { mercurius } from 'mercurius';
import mercuriusCache, { type MercuriusCacheOptions } from 'mercurius-cache';
import type { Started } from '../servers/measured.js';
import type { Films } from '../servers/films.js';
import { openVersionedFilms, versionedResolvers, type SharedSettings } from '../servers/versioned-films.js';
import { impatientRedis } from './redis-client.js';
import { joinedResolversOf, sharedTypeDefs, typeDefs } from './rows.js';

const TTL_SECONDS = 3600;
const MAX_ENTRIES = 100_000;

interface Served {
  readonly schema: string;
  readonly resolvers: object;
  readonly options: MercuriusCacheOptions;
}

/** Queries are compiled from their second time on, as its documentation advises. */
async function serve({ schema, resolvers, options }: Served) {
  const server = fastify();
  await server.register(mercurius, { schema, resolvers: { ...resolvers }, jit: 1 });
  await server.register(mercuriusCache.default, options);
  const url = await server.listen({ port: 0, host: '127.0.0.1' });
  return { url: `${url}/graphql`, stop: () => server.close() };
}

/** Keys of its own are what its documentation advises for speed; they may be so short as the rows are loaded whole. */
const movieKey = ({ arg }: { readonly arg: { readonly id: string } }): string => arg.id;
const moviesKey = ({ arg }: { readonly arg: { readonly ids: readonly string[] } }): string => arg.ids.join();

/**
 * Results of the root resolvers in memory, each with the directors in it. With a policy for `Movie.director` too, a list of 50
 * would be 51 look-ups.
 */
export async function startMercuriusCache(rows: Films): Promise<Started> {
  const { url, stop } = await serve({
    schema: typeDefs,
    resolvers: joinedResolversOf(rows),
    options: {
      ttl: TTL_SECONDS,
      storage: { type: 'memory', options: { size: MAX_ENTRIES } },
      policy: { Query: { movie: { key: movieKey }, movies: { key: moviesKey } } },
    },
  });
  return { url, loads: () => 0, close: stop };
}

/** Results in Redis; a mutation ends those that refer to its film. */
export async function shareMercuriusCache(settings: SharedSettings): Promise<Started> {
  const { redisUrl, ttlSeconds, staleSeconds } = settings;
  const films = openVersionedFilms(settings);
  const client = await impatientRedis(redisUrl);
  const reference = (_: unknown, { id }: { id: string }): string[] => [`movie:${id}`];
  const { url, stop } = await serve({
    schema: sharedTypeDefs,
    resolvers: versionedResolvers(films),
    options: {
      ttl: ttlSeconds,
      stale: staleSeconds,
      storage: { type: 'redis', options: { client, invalidation: true } },
      policy: {
        Query: {
          movie: {
            key: movieKey,
            references: ({ arg }: { arg: { id: string } }) => reference(undefined, arg),
          },
        },
        Mutation: { retitle: { invalidate: reference } },
      },
    },
  });
  const close = async (): Promise<void> => {
    await stop();
    client.disconnect();
    await films.close();
  };
  return { url, loads: films.loads, close };
}
