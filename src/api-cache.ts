import {
  createCache,
  memoryStore,
  type Cache,
  type CacheLog,
  type Clock,
  type Store,
} from './cache/index.js';
import type { Config } from './config.js';
import type { ApiContext } from './context.js';
import { Prisma } from './generated/prisma/client.js';
import { movieOrigin } from './origins/movie.js';
import { personOrigin } from './origins/person.js';
import { ratingSummaryOrigin } from './origins/rating-summary.js';
import { createRedisStore } from './redis/create-redis-store.js';

/** So that a rating read from an entry is the Decimal that Prisma made. */
const decimalType = {
  name: 'Decimal',
  is: (value: unknown): value is Prisma.Decimal => Prisma.Decimal.isDecimal(value),
  encode: (value: Prisma.Decimal): string => value.toString(),
  decode: (text: string): Prisma.Decimal => new Prisma.Decimal(text),
};

type CacheConfig = Pick<Config, 'cache' | 'environment' | 'redisUrl' | 'redisPrefix'>;

/** The cache of the API: its store, its origins, and how it learns who is asking. */
export function createApiCache(
  config: CacheConfig,
  { log, clock, store }: { log: CacheLog; clock: Clock | undefined; store: Store | undefined },
): Cache<ApiContext> {
  const time = clock === undefined ? {} : { clock };
  return createCache<ApiContext>({
    store: store ?? configuredStore(config, time),
    viewer: (context) => context.viewer?.id,
    origins: { Movie: movieOrigin, Person: personOrigin, RatingSummary: ratingSummaryOrigin },
    types: [decimalType],
    environment: config.environment,
    onStoreLoss: config.cache.onStoreLoss,
    disabled: config.cache.disabled,
    strictCopies: config.cache.strictCopies,
    log,
    ...time,
  });
}

/** Redis where one is named, so that processes share entries and see each other's writes; the memory of this process otherwise. */
function configuredStore({ cache, redisUrl, redisPrefix }: CacheConfig, time: { clock?: Clock }): Store {
  if (redisUrl !== undefined) return createRedisStore(redisUrl, redisPrefix);
  return memoryStore({ ...cache, ...time });
}
