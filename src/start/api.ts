import { availableParallelism } from 'node:os';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { createAttempts } from '../accounts/attempts.js';
import { createHashingQueue } from '../accounts/hashing-queue.js';
import { createPasswords } from '../accounts/passwords.js';
import { createSessions } from '../accounts/sessions.js';
import { loggedError } from '../api-errors/internal-error.js';
import { createApiCache } from './api-cache.js';
import { apiOutbox } from './api-outbox.js';
import { CacheError, type Cache, type Clock, type Store } from '../cache/index.js';
import { closeAll, type Closer } from './close-all.js';
import type { Config } from '../config.js';
import { createContext, type ApiContext, type ApiServices, type DeadLetters } from '../context.js';
import type { Resolvers } from '../generated/graphql.js';
import { createFilmLengths } from '../origins/film-lengths.js';
import { createSimilarMovies } from '../origins/similar-movies.js';
import type { WarmLists } from '../origins/warm-lists.js';
import { connectDatabase } from '../database/connect-database.js';
import type { Database } from '../database/database.js';
import { sharedSecret } from '../database/shared-secret.js';
import { createApolloServer } from '../http/create-apollo-server.js';
import { createApp } from '../http/create-app.js';
import { addDashboardRoute } from '../http/dashboard-route.js';
import { addExplorers } from '../http/explorers.js';
import { addGraphqlRoute } from '../http/graphql-route.js';
import { addHealthRoutes } from '../http/health-routes.js';
import { addMetricsRoute } from '../http/metrics-route.js';
import { type Address, listen, tryAddress } from '../http/listen.js';
import { limits } from '../limits/limits.js';
import { createScans, scanBounds } from '../limits/scans.js';
import { once } from './once.js';
import { prepareDatabase } from './prepare-database.js';
import { createAttemptCounters } from '../redis/create-attempt-counters.js';
import { createMovieCursors } from '../resolvers/movie-cursor.js';
import { buildSchema } from '../schema/build-schema.js';
import { openRecording } from '../traffic/recording.js';

/** A running API. */
export interface Api {
  /** Where it listens, without a path. */
  readonly url: string;
  /** Where /metrics is, without the path: the same place, one of its own, or none. */
  readonly metricsUrl: string | undefined;
  readonly cache: Cache<ApiContext>;
  readonly database: Database;
  /** Stops listening, waits for requests under way, then closes the cache and the database; safe to call twice. */
  close(): Promise<void>;
}

export interface ApiParts {
  readonly log: FastifyBaseLogger;
  /** Opens the database; by default the one that the configuration names. The API closes it. */
  readonly openDatabase?: () => Promise<Database>;
  /** For tests that move time: of the cache and of sessions. */
  readonly clock?: Clock;
  /** Where entries rest; by default Redis or memory, as the configuration says. */
  readonly store?: Store;
  /** The SDL; by default the files of schema/. */
  readonly typeDefs?: string[];
  /** The resolvers; by default those of the API. */
  readonly resolvers?: Resolvers;
  /** What PREFETCH keeps warm; by default what the front page asks for. Only fields with PREFETCH may have a list. */
  readonly warm?: WarmLists;
}

/** Assembles the API and starts it. What was opened is closed again when a later step fails. */
export async function startApi(
  config: Config,
  { log, openDatabase, clock, store, typeDefs, resolvers, warm }: ApiParts,
): Promise<Api> {
  const closers: Closer[] = [];
  const opened = once(() => {
    const { databaseLimits } = config;
    return (openDatabase ?? (() => connectDatabase({ ...config, limits: databaseLimits, log })))();
  });
  // By the outbox of the cache, after its store: a store that refuses us is told before the database is brought up to date, which
  // may take long.
  const database = once(async () => {
    const found = await opened.get();
    await prepareDatabase(found, { log, environment: config.environment });
    return found;
  });
  const services = once(async () =>
    createServices(config, { log, clock, cache, closers, database: await database.get() }),
  );
  const backgroundContext = async (): Promise<ApiContext> =>
    createContext({ services: await services.get(), ...noRequest, log });
  const outbox = apiOutbox({ database: () => database.get(), log, config });
  const cache = createApiCache(config, { log, clock, store, backgroundContext, outbox, warm });
  // The last is closed first: the cache flushes into the database, and keeps warm until it is closed.
  closers.push(
    { what: 'the database', close: async () => (await opened.made())?.close() },
    { what: 'the cache', close: () => cache.close() },
  );
  try {
    // First, as it needs nothing: all faults of the schema's directives are told before anything is opened.
    const schema = buildSchema(cache, typeDefs, resolvers);
    // Before the store and the database, as the demo data alone may take ten seconds.
    await tryAddress(config);
    const metrics = metricsAddress(config);
    if (typeof metrics === 'object') await tryAddress(metrics);
    await cache.start();
    const served = { config, log, cache, schema, closers, services: await services.get() };
    const app = await serve(served);
    const ownUrl = typeof metrics === 'object' ? await serveMetrics(metrics, served) : undefined;
    const url = await listen(app, config);
    const metricsUrl = metrics === 'public' ? url : ownUrl;
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= closeAll(closers));
    return { url, metricsUrl, cache, database: served.services.database, close };
  } catch (error) {
    // Why it did not start is what a person must know; what could not be closed ends with the process.
    await closeAll(closers).catch((failure: unknown) => {
      const what = failure instanceof Error ? failure.message : String(failure);
      log.warn(`A start that was refused left something open: ${what}`);
    });
    throw error;
  }
}

interface ServicesParts extends Pick<ApiParts, 'log'> {
  readonly clock: Clock | undefined;
  readonly cache: Cache<ApiContext>;
  readonly closers: Closer[];
  readonly database: Database;
}

/** What lives as long as the API beside the cache. */
async function createServices(
  config: Config,
  { log, clock, cache, closers, database }: ServicesParts,
): Promise<ApiServices> {
  const nowMs = clock === undefined ? Date.now : () => clock.nowMs();
  const { sessionDays, sessionsPerAccount, maxWaitMs } = config.accounts;
  const counters = createAttemptCounters(config, log);
  closers.push({ what: 'the counters of attempts', close: () => Promise.resolve(counters.close()) });
  return {
    database,
    passwords: createPasswords(),
    hashing: createHashingQueue({ atOnce: HASHES_AT_ONCE, maxWaitMs }),
    attempts: createAttempts(counters),
    sessions: createSessions({
      ...{ database, cache, nowMs },
      maxAgeMs: sessionDays * DAY_MS,
      maxPerAccount: sessionsPerAccount,
      onNotExtended: (error) =>
        log.warn(
          { error: loggedError(error) },
          'the ends of sessions cannot be moved on; sessions go on until theirs',
        ),
    }),
    cursors: createMovieCursors(await sharedSecret(database.prisma, 'cursors of searches')),
    // The embedded database has one connection, and its statements wait for each other anyway.
    scans: createScans(database.kind === 'embedded' ? limits.scans : scanBounds(database.pool.options.max)),
    filmLengths: createFilmLengths({ prisma: database.prisma, cache }),
    similarMovies: createSimilarMovies(database.prisma),
    deadLetters: deadLettersOf(cache),
  };
}

function deadLettersOf(cache: Cache<ApiContext>): DeadLetters {
  return {
    list: () => cache.writes.deadLetters(),
    replay: async (key) => {
      try {
        await cache.writes.replay(key);
        return true;
      } catch (error) {
        if (error instanceof CacheError && error.code === 'CACHE_DEAD_LETTER') return false;
        throw error;
      }
    },
  };
}

/** What a context of background work has in place of a request. */
const noRequest = {
  authorization: undefined,
  acceptLanguage: undefined,
  address: '',
  requestId: 'none',
  client: { address: undefined, gone: () => new AbortController().signal },
};

const DAY_MS = 24 * 60 * 60 * 1000;
/** Hashing runs in the four threads that files and host names need as well. */
const HASHES_AT_ONCE = Math.min(3, availableParallelism());

interface Served {
  readonly config: Config;
  readonly log: FastifyBaseLogger;
  readonly cache: Cache<ApiContext>;
  readonly schema: GraphQLSchema;
  readonly services: ApiServices;
  readonly closers: Closer[];
}

/** Metrics tell what a public has no need to know, so in production they are not where the public is. */
function metricsAddress({ environment, host, metricsPort }: Config): Address | 'public' | 'none' {
  if (metricsPort !== undefined) return { host, port: metricsPort, variable: 'METRICS_PORT' };
  return environment === 'production' ? 'none' : 'public';
}

/** Opens a server with nothing but metrics, and returns its URL. */
async function serveMetrics(
  address: Address,
  { log, cache, services, closers }: Pick<Served, 'log' | 'cache' | 'services' | 'closers'>,
): Promise<string> {
  const app = createApp(log);
  closers.push({ what: 'the server of metrics', close: () => app.close() });
  addMetricsRoute(app, { cache, services });
  return listen(app, address);
}

/** The HTTP server with its routes, before it listens. */
async function serve({ config, log, cache, schema, services, closers }: Served): Promise<FastifyInstance> {
  const { environment, compilesQueries, recordTraffic } = config;
  const app = createApp(log, { trustedProxies: config.trustedProxies });
  const recording = recordTraffic === undefined ? undefined : await openRecording(recordTraffic, { log });
  if (recording !== undefined)
    closers.push({ what: 'the recording of traffic', close: () => recording.close() });
  const apollo = createApolloServer({ schema, environment, compilesQueries, app, cache, recording });
  await apollo.start();
  // Drains the HTTP server as well.
  closers.push({ what: 'the server', close: () => apollo.stop() });
  if (environment !== 'production') await addExplorers(app);
  addHealthRoutes(app, { database: services.database, cache });
  if (metricsAddress(config) === 'public') addMetricsRoute(app, { cache, services });
  addDashboardRoute(app, { apollo, cache, services, environment });
  addGraphqlRoute(app, apollo, services);
  return app;
}
