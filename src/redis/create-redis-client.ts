import { isIP } from 'node:net';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { parseRedisUrl, type RedisPlace } from './parse-redis-url.js';
import { noTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.js';

type OwnOptions = Pick<RedisOptions, 'commandTimeout' | 'socketTimeout' | 'maxRetriesPerRequest'>;

/**
 * A client of the Redis or the Redis Cluster that the URL names. It connects to nothing: the engine makes connections of its own,
 * like it.
 */
export function createClientOrCluster(
  redisUrl: string,
  tlsFiles: TlsFiles = noTlsFiles,
  options: OwnOptions = {},
): Redis | Cluster {
  const { place, user, password, database, isEncrypted } = parseRedisUrl(redisUrl);
  const own = {
    ...options,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
  };
  const lazy = { lazyConnect: true, enableOfflineQueue: false };
  if (place.by !== 'cluster') {
    return new Redis({ ...placeOf(place, isEncrypted, tlsFiles), ...own, ...lazy, db: database });
  }
  return new Cluster([...place.nodes], {
    ...lazy,
    // For every node: those that are found later are not in the URL.
    redisOptions: { ...own, ...(isEncrypted ? { tls: readTlsFiles(tlsFiles) } : {}) },
  });
}

function placeOf(place: Exclude<RedisPlace, { by: 'cluster' }>, isEncrypted: boolean, tlsFiles: TlsFiles) {
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
  }
}
