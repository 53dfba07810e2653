import { setTimeout } from 'node:timers/promises';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import DataLoader from 'dataloader';
import { cacheTypeDefs, createCache } from '../../src/cache/index.js';
import { apolloWithPlans } from '../../src/cache/execution/index.js';
import { createRedisStore } from '../../src/redis/create-redis-store.js';
import { startByHandler } from './by-handler.js';
import { filmTypeDefs, readRows, type Film, type Films, type Person } from './films.js';
import { LOCAL_SECONDS, loadsOf, type Copies, type Started } from './measured.js';

const LISTEN = { listen: { port: 0, host: '127.0.0.1' } };
const BACKEND_MS = 3;

/** Apollo Server as it comes: what a resolver can cost at least. */
export async function startConstants(): Promise<Started> {
  const { films, people } = await readRows();
  const server = new ApolloServer({
    typeDefs: [cacheTypeDefs, filmTypeDefs(0)],
    resolvers: {
      Query: {
        movie: (_: unknown, { id }: { id: string }) => films.get(id) ?? null,
        movies: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => films.get(id) ?? null),
      },
      Movie: { director: ({ directorId }: Film) => (directorId === null ? null : people.get(directorId)) },
    },
  });
  const { url } = await startStandaloneServer(server, LISTEN);
  return { url, loads: () => 0, close: () => server.stop() };
}

interface Loaders {
  readonly films: DataLoader<string, Film | null>;
  readonly people: DataLoader<string, Person | null>;
}

/** The same without a cache: every level is one batched question to a backend that takes 3 ms. */
export async function startUncached(): Promise<Started> {
  const rows = await readRows();
  let loads = 0;
  const loader = <Row>(from: ReadonlyMap<string, Row>) =>
    new DataLoader<string, Row | null>(async (ids) => {
      loads += 1;
      await setTimeout(BACKEND_MS);
      return ids.map((id) => from.get(id) ?? null);
    });
  const server = new ApolloServer<Loaders>({
    typeDefs: [cacheTypeDefs, filmTypeDefs(0)],
    resolvers: {
      Query: {
        movie: (_: unknown, { id }: { id: string }, { films }: Loaders) => films.load(id),
        movies: (_: unknown, { ids }: { ids: string[] }, { films }: Loaders) =>
          Promise.all(ids.map((id) => films.load(id))),
      },
      Movie: {
        director: ({ directorId }: Film, _: unknown, { people }: Loaders) =>
          directorId === null ? null : people.load(directorId),
      },
    },
  });
  const context = (): Promise<Loaders> =>
    Promise.resolve({ films: loader(rows.films), people: loader(rows.people) });
  const { url } = await startStandaloneServer(server, { ...LISTEN, context });
  return { url, loads: () => loads, close: () => server.stop() };
}

/** What the servers of the library know of who asks. */
export interface Reader {
  readonly tenant: string;
  readonly locale: string;
}

/** What all fields vary by, where they do. */
const VARIED = {
  vary: { tenant: ({ tenant }: Reader) => tenant, locale: ({ locale }: Reader) => locale },
  varyAll: ['tenant', 'locale'],
};

/** Who asks, in all requests. */
export function reader(): Reader {
  return { tenant: 'acme', locale: 'de' };
}

export interface LibraryKind {
  readonly copies: Copies;
  readonly hasMemo: boolean;
  /** Whether its answers are given in front of Apollo Server; default false. */
  readonly isInFront?: boolean;
  /** Whether it is reached by the handler of the library, and not standalone; default false. */
  readonly byHandler?: boolean;
  readonly hasPlans: boolean;
  readonly varies: boolean;
}

/** A server that listens to nothing yet; its cache is started. */
export interface Library {
  readonly server: ApolloServer<Reader>;
  loads(): number;
  /** How many operations were measured. */
  timesTaken(): number;
  close(): Promise<void>;
}

/** The library as its user meets it: one schema, one store, two origins. */
export async function createLibrary(
  redisUrl: string,
  { copies, hasMemo, isInFront = false, hasPlans, varies }: LibraryKind,
): Promise<Library> {
  const local = copies === 'local' ? LOCAL_SECONDS : 0;
  const rows: Films = await readRows();
  const prefix = `library-${hasMemo ? 'memo' : copies}${isInFront ? '-front' : ''}${varies ? '-vary' : '-same'}${hasPlans ? '-plans' : ''}`;
  const cache = createCache<Reader>({
    ...(varies ? VARIED : {}),
    store: createRedisStore(redisUrl, prefix),
    strictCopies: copies === 'strict',
    memo: hasMemo,
    origins: {
      Movie: { load: (ids) => Promise.resolve(ids.map((id) => rows.films.get(id))) },
      Person: { load: (ids) => Promise.resolve(ids.map((id) => rows.people.get(id))) },
    },
  });
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, filmTypeDefs(local)] }));
  const plugin = cache.apolloPlugin();
  const options = {
    schema,
    plugins: [ApolloServerPluginCacheControlDisabled(), plugin],
    stringifyResult: plugin.stringifyResult,
  };
  const server = new ApolloServer<Reader>(hasPlans ? apolloWithPlans(options) : options);
  if (isInFront) plugin.answerInFrontOf(server);
  await cache.start();
  const close = async (): Promise<void> => {
    await server.stop();
    await cache.close();
  };
  const timesTaken = (): number =>
    cache.stats.times().operations.counts.reduce((sum, count) => sum + count, 0);
  return { server, loads: () => loadsOf(cache.stats.counters()), timesTaken, close };
}

export async function startLibrary(redisUrl: string, kind: LibraryKind): Promise<Started> {
  const { server, loads, close } = await createLibrary(redisUrl, kind);
  if (kind.byHandler === true) {
    const { url, close: stop } = await startByHandler(server, { context: () => Promise.resolve(reader()) });
    const closeBoth = async (): Promise<void> => {
      await stop();
      await close();
    };
    return { url, loads, close: closeBoth };
  }
  const { url } = await startStandaloneServer(server, {
    ...LISTEN,
    context: () => Promise.resolve(reader()),
  });
  return { url, loads, close };
}
