import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { Redis } from 'ioredis';
import { cacheTypeDefs, createCache } from '../../src/cache/index.js';
import { apolloWithPlans } from '../../src/cache/execution/index.js';
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

/** As its pages advise: its handler for Node.js, queries by plans, and answers of the memo in front of Apollo Server. */
interface SharedLibrary {
  readonly strictCopies: boolean;
  readonly memo: boolean;
}

/** The library over the Redis that both processes share. */
export async function startSharedLibrary(
  settings: SharedSettings,
  { strictCopies, memo }: SharedLibrary,
): Promise<Started> {
  const { redisUrl, ttlSeconds, staleSeconds } = settings;
  const films = openVersionedFilms(settings);
  const { Mutation } = versionedResolvers(films);
  const typeDefs = versionedTypeDefs({
    movie: `@cached(ttl: ${ttlSeconds}, swr: ${staleSeconds}, pattern: READ_THROUGH, key: "Movie:{args.id}")`,
    retitle: '@invalidates(tags: ["Movie:{args.id}"])',
  });
  const cache = createCache({
    store: redisStore(new Redis(redisUrl, { lazyConnect: true })),
    strictCopies,
    memo,
    origins: { Movie: { load: (ids) => Promise.all(ids.map((id) => films.load(id))) } },
  });
  const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers: { Mutation } });
  const plugin = cache.apolloPlugin();
  const server = new ApolloServer(
    apolloWithPlans({
      schema: cache.apply(schema),
      plugins: [ApolloServerPluginCacheControlDisabled(), plugin],
      stringifyResult: plugin.stringifyResult,
    }),
  );
  if (memo) plugin.answerInFrontOf(server);
  await cache.start();
  const { url, close: stop } = await startByHandler(server);
  const close = async (): Promise<void> => {
    await stop();
    await cache.close();
    await films.close();
  };
  return { url, loads: films.loads, close };
}
