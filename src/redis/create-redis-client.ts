import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import { parseRedisUrl } from './parse-redis-url.js';

/** A client of the Redis that the URL names. It connects to nothing: the engine makes connections of its own, like it. */
export function createRedisClient(redisUrl: string): Redis {
  const { host, port, user, password, database, isEncrypted } = parseRedisUrl(redisUrl);
  return new Redis({
    host,
    port,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    db: database,
    // A server that many share finds the right certificate by the name, which Node does not send by itself.
    ...(isEncrypted ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
    lazyConnect: true,
  });
}
