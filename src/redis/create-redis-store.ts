import { redisStore } from '../cache/redis/index.js';
import { type Store } from '../cache/index.js';
import { createRedisClient } from './create-redis-client.js';

/** Entries in the Redis that the URL names, under a prefix of the API's own. Nothing connects before the cache starts. */
export function createRedisStore(redisUrl: string, prefix: string): Store {
  return redisStore(createRedisClient(redisUrl), { prefix });
}
