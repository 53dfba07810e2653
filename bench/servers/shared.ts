import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { mercurius } from 'mercurius';
import { cacheTypeDefs, createCache } from '../../src/cache/index.js';
import { apolloWithPlans } from '../../src/cache/execution/index.js';
import { cachePlugin } from '../../src/cache/mercurius/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import type { Started } from './measured.js';
import { startByHandler } from './by-handler.js';
import {
  openVersionedFilms,
  versionedResolvers,
  versionedTypeDefs,
  type SharedSettings,
} from './versioned-films.js';

const LISTEN = { listen: { port: 0, host: '127.0.0.1' } };
const WITHOUT = versionedTypeDefs({ movie: '', retitle: '' });

/** A server whose films never change and cost nothing: what the others can reach at best. */
export async function startSharedConstants(): Promise<Started> {
  const filmOf = (id: string) => ({ id, title: `Film ${id}`, version: 0 });
  const server = new ApolloServer({
    typeDefs: WITHOUT,
    plugins: [ApolloServerPluginCacheControlDisabled()],
    resolvers: {
      Query: { movie: (_: unknown, { id }: { id: string }) => filmOf(id) },
      Mutation: { retitle: (_: unknown, { id }: { id: string }) => filmOf(id) },
    },
  });
  const { url } = await startStandaloneServer(server, LISTEN);
  return { url, loads: () => 0, close: () => server.stop() };
}

/** A server that loads for each request. */
export async function startSharedUncached(settings: SharedSettings): Promise<Started> {
  const films = openVersionedFilms(settings);
  const server = new ApolloServer({
    typeDefs: WITHOUT,
    plugins: [ApolloServerPluginCacheControlDisabled()],
    resolvers: versionedResolvers(films),
  });
  const { url } = await startStandaloneServer(server, LISTEN);
  const close = async (): Promise<void> => {
    await server.stop();
    await films.close();
  };
  return { url, loads: films.loads, close };
}

/** In Apollo Server as its pages advise: its handler for Node.js, queries by plans, and answers of the memo in front. */
interface SharedLibrary {
  readonly strictCopies: boolean;
  readonly memo: boolean;
}

/** The library over the Redis that both processes share, in Apollo Server. */
export async function startSharedLibrary(settings: SharedSettings, kind: SharedLibrary): Promise<Started> {
  const { cache, schema, films } = openSharedLibrary(settings, kind);
  const plugin = cache.apolloPlugin();
  const server = new ApolloServer(
    apolloWithPlans({
      schema,
      plugins: [ApolloServerPluginCacheControlDisabled(), plugin],
      stringifyResult: plugin.stringifyResult,
    }),
  );
  if (kind.memo) plugin.answerInFrontOf(server);
  await cache.start();
  const { url, close: stop } = await startByHandler(server);
  const close = async (): Promise<void> => {
    await stop();
    await cache.close();
    await films.close();
  };
  return { url, loads: films.loads, close };
}

/** The same in Mercurius, with its compiled queries, and every read from Redis. */
export async function startSharedInMercurius(settings: SharedSettings): Promise<Started> {
  const { cache, schema, films } = openSharedLibrary(settings, { strictCopies: false, memo: false });
  const server = fastify();
  await server.register(mercurius, { schema, jit: 1 });
  await server.register(cachePlugin(cache));
  await cache.start();
  const url = await server.listen({ port: 0, host: '127.0.0.1' });
  const close = async (): Promise<void> => {
    await server.close();
    await cache.close();
    await films.close();
  };
  return { url: `${url}/graphql`, loads: films.loads, close };
}

/** A mutation answers with the row that it has committed, so it stores it as well: a write costs no reader a load. */
function openSharedLibrary(settings: SharedSettings, { strictCopies, memo }: SharedLibrary) {
  const { redisUrl, ttlSeconds, staleSeconds } = settings;
  const films = openVersionedFilms(settings);
  const { Mutation } = versionedResolvers(films);
  const key = 'Movie:{args.id}';
  const typeDefs = versionedTypeDefs({
    movie: `@cached(ttl: ${ttlSeconds}, swr: ${staleSeconds}, pattern: READ_THROUGH, key: "${key}")`,
    retitle: `@cached(ttl: ${ttlSeconds}, pattern: WRITE_THROUGH, key: "${key}")`,
  });
  const cache = createCache({
    store: redisStore(new Redis(redisUrl, { lazyConnect: true })),
    strictCopies,
    memo,
    origins: { Movie: { load: (ids) => Promise.all(ids.map((id) => films.load(id))) } },
  });
  const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers: { Mutation } });
  return { cache, schema: cache.apply(schema), films };
}
