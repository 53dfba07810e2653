import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import { redisStore, type Store } from '../cache/index.js';
import { parseRedisUrl } from './parse-redis-url.js';

/** Entries in the Redis that the URL names, under a prefix of the API's own. Nothing connects before the cache starts. */
export function createRedisStore(redisUrl: string, prefix: string): Store {
  const { host, port, user, password, database, isEncrypted } = parseRedisUrl(redisUrl);
  const redis = new Redis({
    host,
    port,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    db: database,
    // A server that many share finds the right certificate by the name, which Node does not send by itself.
    ...(isEncrypted ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
    lazyConnect: true,
  });
  return redisStore(redis, { prefix });
}
