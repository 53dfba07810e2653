import { isIP } from 'node:net';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { ConfigurationError } from '../start/configuration-error.js';
import { parseRedisUrl, type RedisServer } from './parse-redis-url.js';
import { noTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.js';

/** A client of the Redis that the URL names. It connects to nothing: the engine makes connections of its own, like it. */
export function createRedisClient(redisUrl: string, tlsFiles: TlsFiles = noTlsFiles): Redis {
  const server = parseRedisUrl(redisUrl);
  const { user, password, database } = server;
  return new Redis({
    ...placeOf(server, tlsFiles),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    db: database,
    lazyConnect: true,
  });
}

/** The same for a URL that may name a cluster, as the store takes it. */
export function createClientOrCluster(
  redisUrl: string,
  tlsFiles: TlsFiles = noTlsFiles,
  options: Pick<RedisOptions, 'commandTimeout' | 'socketTimeout' | 'maxRetriesPerRequest'> = {},
): Redis | Cluster {
  const { place, user, password, isEncrypted } = parseRedisUrl(redisUrl);
  if (place.by !== 'cluster') {
    return createRedisClient(redisUrl, tlsFiles).duplicate({ ...options, enableOfflineQueue: false });
  }
  return new Cluster([...place.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    // For every node: those that are found later are not in the URL.
    redisOptions: {
      ...options,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password }),
      ...(isEncrypted ? { tls: readTlsFiles(tlsFiles) } : {}),
    },
  });
}

function placeOf({ place, isEncrypted }: RedisServer, tlsFiles: TlsFiles) {
  switch (place.by) {
    case 'port': {
      const { host, port } = place;
      if (!isEncrypted) return { host, port };
      // A server that many share finds the right certificate by the name, which Node does not send by itself.
      const name = isIP(host) === 0 ? { servername: host } : {};
      return { host, port, tls: { ...name, ...readTlsFiles(tlsFiles) } };
    }
    case 'socket':
      return { path: place.path };
    case 'sentinel': {
      const found = { sentinels: [...place.sentinels], name: place.primary };
      if (!isEncrypted) return found;
      const tls = readTlsFiles(tlsFiles);
      // Without the switch, ioredis encrypts nothing that goes to the servers which the sentinels name.
      return { ...found, tls, sentinelTLS: tls, enableTLSForSentinelMode: true };
    }
    case 'cluster':
      throw new ConfigurationError(
        'What is asked for needs a single primary, but the URL names a Redis Cluster; name a primary that is part of none.',
      );
  }
}
