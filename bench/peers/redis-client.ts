import { Redis, type RedisOptions } from 'ioredis';

const RETRY_MS = 100;
const COMMAND_MS = 500;

/**
 * A client that fails soon where Redis is away, as one sets it up who has seen an outage: with its defaults each request would
 * wait for twenty attempts. Commands wait until the first connection is there, and after that for one attempt.
 */
export function impatientOptions(url: string): RedisOptions {
  const { hostname, port } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_MS,
    retryStrategy: () => RETRY_MS,
  };
}

/** The same, connected; it fails at once while it is not. */
export async function impatientRedis(url: string): Promise<Redis> {
  const redis = new Redis({ ...impatientOptions(url), enableOfflineQueue: false });
  redis.on('error', () => undefined);
  await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  return redis;
}
