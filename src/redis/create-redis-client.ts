import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { clientOptions, type ClientOptions, type RedisServer } from '../cache/redis/index.js';
import { ConfigurationError } from '../start/configuration-error.js';
import { parseRedisUrl } from './parse-redis-url.js';
import { noTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.js';

/** A client of the Redis that the URL names. It connects to nothing: the engine makes connections of its own, like it. */
export function createRedisClient(redisUrl: string, tlsFiles: TlsFiles = noTlsFiles): Redis {
  const server = parseRedisUrl(redisUrl);
  if (server.place.by === 'cluster') {
    throw new ConfigurationError(
      'What is asked for needs a single primary, but the URL names a Redis Cluster; name a primary that is part of none.',
    );
  }
  return new Redis({ ...optionsOf(server, tlsFiles), lazyConnect: true });
}

/** The same for a URL that may name a cluster, as the store takes it. */
export function createClientOrCluster(
  redisUrl: string,
  tlsFiles: TlsFiles = noTlsFiles,
  options: Pick<RedisOptions, 'commandTimeout' | 'socketTimeout' | 'maxRetriesPerRequest'> = {},
): Redis | Cluster {
  const server = parseRedisUrl(redisUrl);
  const { place } = server;
  if (place.by !== 'cluster') {
    return createRedisClient(redisUrl, tlsFiles).duplicate({ ...options, enableOfflineQueue: false });
  }
  return new Cluster([...place.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    redisOptions: { ...options, ...optionsOf(server, tlsFiles) },
  });
}

function optionsOf(server: RedisServer, tlsFiles: TlsFiles): ClientOptions {
  return clientOptions(server, server.isEncrypted ? readTlsFiles(tlsFiles) : {});
}
