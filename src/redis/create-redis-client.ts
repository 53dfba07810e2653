import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { clientOptions } from '../cache/redis/index.js';
import { parseRedisUrl } from './parse-redis-url.js';
import { noTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.js';

/**
 * A client of the Redis or the Redis Cluster that the URL names. It connects to nothing: the engine makes connections of its own,
 * like it.
 */
export function createClientOrCluster(
  redisUrl: string,
  tlsFiles: TlsFiles = noTlsFiles,
  options: Pick<RedisOptions, 'commandTimeout' | 'socketTimeout' | 'maxRetriesPerRequest'> = {},
): Redis | Cluster {
  const server = parseRedisUrl(redisUrl);
  const { place } = server;
  const own = { ...options, ...clientOptions(server, server.isEncrypted ? readTlsFiles(tlsFiles) : {}) };
  const lazy = { lazyConnect: true, enableOfflineQueue: false };
  if (place.by !== 'cluster') return new Redis({ ...own, ...lazy });
  // For every node: those that are found later are not in the URL.
  return new Cluster([...place.nodes], { ...lazy, redisOptions: own });
}
