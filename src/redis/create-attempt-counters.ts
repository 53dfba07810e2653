import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { AttemptCounters } from '../accounts/attempts.js';
import type { CacheLog } from '../cache/index.js';
import type { Config } from '../config.js';
import { createClientOrCluster } from './create-redis-client.js';

export interface OpenAttemptCounters extends AttemptCounters {
  close(): void;
}

/** After this the counters of the process are used; so long a sign-in waits for a Redis that hangs. */
const COMMAND_MS = 100;
/** After this a connection without an answer is given up and made anew. */
const SILENCE_MS = 1000;

/**
 * Counters in the Redis that processes share, and in the memory of this process without one or while it is away: then
 * each process allows the limit by itself.
 */
export function createAttemptCounters(
  {
    accounts,
    redisUrl,
    redisPrefix,
    redisTls,
  }: Pick<Config, 'accounts' | 'redisUrl' | 'redisPrefix' | 'redisTls'>,
  log: CacheLog,
): OpenAttemptCounters {
  const { perAccount, perAddress, windowSeconds } = accounts;
  const limits = {
    perAccount: {
      points: perAccount,
      duration: windowSeconds,
      keyPrefix: `${redisPrefix}:attempts:account`,
    },
    perAddress: {
      points: perAddress,
      duration: windowSeconds,
      keyPrefix: `${redisPrefix}:attempts:address`,
    },
  };
  const memory = {
    perAccount: new RateLimiterMemory(limits.perAccount),
    perAddress: new RateLimiterMemory(limits.perAddress),
  };
  if (redisUrl === undefined) return { ...memory, close: () => undefined };
  const client = createClientOrCluster(redisUrl, redisTls, {
    commandTimeout: COMMAND_MS,
    socketTimeout: SILENCE_MS,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => {
    // The store tells that Redis is away, and its client connects to the same one.
  });
  const overRedis = { storeClient: client, rejectIfRedisNotReady: true };
  const probe = new RateLimiterRedis({ ...overRedis, ...limits.perAddress, duration: 1 });
  client.on('ready', () => {
    probe.penalty('probe').catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, 'Redis does not count attempts to sign in; each process counts its own');
    });
  });
  client.connect().catch(() => {
    // It goes on trying by itself.
  });
  return {
    perAccount: new RateLimiterRedis({
      ...overRedis,
      ...limits.perAccount,
      insuranceLimiter: memory.perAccount,
    }),
    perAddress: new RateLimiterRedis({
      ...overRedis,
      ...limits.perAddress,
      insuranceLimiter: memory.perAddress,
    }),
    close: () => client.disconnect(),
  };
}
