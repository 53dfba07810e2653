import { readRedisUrl, type RedisServer } from '../cache/redis/index.js';
import { ConfigurationError } from '../start/configuration-error.js';

/** What a variable says. @throws ConfigurationError with what is wrong with it, which repeats nothing of the URL. */
export function parseRedisUrl(redisUrl: string, name = 'REDIS_URL'): RedisServer {
  return readRedisUrl(redisUrl, name, (sentence) => new ConfigurationError(sentence));
}
