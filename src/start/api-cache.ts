import {
  createCache,
  memoryStore,
  valueType,
  type Cache,
  type CacheLog,
  type Clock,
  type Outbox,
  type Store,
} from '../cache/index.js';
import type { Bounds, HttpOptions } from '../cache/types/index.js';
import type { Config } from '../config.js';
import type { ApiContext } from '../context.js';
import { warmLists, type WarmLists } from '../origins/warm-lists.js';
import { Prisma } from '../generated/prisma/client.js';
import { movieOrigin } from '../origins/movie.js';
import { playbackOrigin } from '../origins/playback.js';
import { personOrigin } from '../origins/person.js';
import { ratingSummaryOrigin } from '../origins/rating-summary.js';
import { createJournal } from '../redis/create-journal.js';
import { createRedisStore } from '../redis/create-redis-store.js';

/** So that a rating read from an entry is the Decimal that Prisma made. */
const decimalType = valueType({
  name: 'Decimal',
  is: (value): value is Prisma.Decimal => Prisma.Decimal.isDecimal(value),
  encode: (value) => value.toString(),
  decode: (text) => new Prisma.Decimal(text),
  // All of its methods return another one.
  isImmutable: true,
});

/** What a load may take that has a stale value to fall back on. */
const SOFT_TIMEOUT_MS = 2000;

/** The namespaces of what the API keeps with `cache.fetch`; no field of the schema uses them. */
export const fetchedNamespaces = ['FilmLength', 'Session', 'Viewer'] as const;

type CacheConfig = Pick<
  Config,
  'cache' | 'environment' | 'journal' | 'redisUrl' | 'redisPrefix' | 'redisTls'
>;

interface ApiCacheParts {
  readonly log: CacheLog;
  readonly clock: Clock | undefined;
  readonly store: Store | undefined;
  /** Makes contexts of work that no request asked for. */
  readonly backgroundContext: () => Promise<ApiContext>;
  readonly outbox: Outbox;
  readonly warm?: WarmLists | undefined;
}

/** The cache of the API: its store, its origins, and how it learns who is asking. */
export function createApiCache(
  config: CacheConfig,
  { log, clock, store, backgroundContext, outbox, warm = warmLists }: ApiCacheParts,
): Cache<ApiContext> {
  const time = clock === undefined ? {} : { clock };
  return createCache<ApiContext>({
    store: store ?? configuredStore(config, time),
    viewer: (context) => context.viewer?.id,
    vary: { locale: (context) => context.locale },
    neutral: ['cursors', 'database', 'filmLengths', 'log', 'scans', 'similarMovies'],
    journal: createJournal(config, time),
    outbox,
    relay: { blindAfterMs: config.cache.blindAfterMs, whileBlind: config.cache.whileBlind },
    ...(config.cache.region !== undefined && { region: config.cache.region }),
    ...(config.cache.acknowledge === 'all' && {
      acknowledge: 'all',
      acknowledgeWithinMs: config.cache.acknowledgeWithinMs,
    }),
    probe: config.cache.probe ? {} : undefined,
    origins: {
      Movie: movieOrigin,
      Person: personOrigin,
      RatingSummary: ratingSummaryOrigin,
      Playback: playbackOrigin,
    },
    fetches: fetchedNamespaces,
    warm,
    backgroundContext,
    prefetch: config.cache.prefetch ? {} : false,
    loads: { softTimeoutMs: SOFT_TIMEOUT_MS },
    types: [decimalType],
    environment: config.environment,
    onStoreLoss: config.cache.onStoreLoss,
    disabled: config.cache.disabled,
    strictCopies: config.cache.strictCopies,
    memo: config.cache.memo,
    http: httpOf(config.cache),
    // Of a store in memory no field keeps copies.
    localCopies: boundsOf(config.cache),
    shadow: config.cache.shadow,
    log,
    ...time,
  });
}

/** Those who change films can have what they read loaded anew, for everybody. */
function httpOf({ maxAge, tagHeader }: Config['cache']): HttpOptions<ApiContext> {
  const separator = tagHeader?.toLowerCase() === 'surrogate-key' ? ' ' : ',';
  return {
    maxAge,
    ...(tagHeader !== undefined && { tags: { header: tagHeader, separator } }),
    mayRefresh: ({ viewer }) => viewer?.role === 'EDITOR' || viewer?.role === 'ADMIN',
  };
}

/** Redis where one is named, so that processes share entries and see each other's writes; the memory of this process otherwise. */
function configuredStore(
  { cache, redisUrl, redisPrefix, redisTls }: CacheConfig,
  time: { clock?: Clock },
): Store {
  if (redisUrl !== undefined) return createRedisStore(redisUrl, redisPrefix, redisTls);
  return memoryStore({ ...boundsOf(cache), ...time });
}

/** How much a process holds in its memory: all entries, or what it keeps of those in Redis. */
function boundsOf({ maxEntries, maxBytes, eviction }: Bounds): Bounds {
  return { maxEntries, maxBytes, eviction };
}
