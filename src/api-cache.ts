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

/** So that a rating read from an entry is the Decimal that Prisma made. */
const decimalType = {
  name: 'Decimal',
  is: (value: unknown): value is Prisma.Decimal => Prisma.Decimal.isDecimal(value),
  encode: (value: Prisma.Decimal): string => value.toString(),
  decode: (text: string): Prisma.Decimal => new Prisma.Decimal(text),
};

/** The cache of the API: its store, its origins, and how it learns who is asking. */
export function createApiCache(
  { cache: bounds, environment }: Pick<Config, 'cache' | 'environment'>,
  { log, clock, store }: { log: CacheLog; clock: Clock | undefined; store: Store | undefined },
): Cache<ApiContext> {
  const time = clock === undefined ? {} : { clock };
  return createCache<ApiContext>({
    store: store ?? memoryStore({ ...bounds, ...time }),
    viewer: (context) => context.viewer?.id,
    origins: { Movie: movieOrigin, Person: personOrigin, RatingSummary: ratingSummaryOrigin },
    types: [decimalType],
    environment,
    log,
    ...time,
  });
}
