import { redisStore } from '../cache/redis/index.js';
import { type Store } from '../cache/index.js';
import { createClientOrCluster } from './create-redis-client.js';
import type { TlsFiles } from './tls-files.js';

/** Entries in the Redis that the URL names, under a prefix of the API's own. Nothing connects before the cache starts. */
export function createRedisStore(redisUrl: string, prefix: string, tlsFiles?: TlsFiles): Store {
  return redisStore(createClientOrCluster(redisUrl, tlsFiles), { prefix });
}
