import { memoryJournal, type Clock, type Journal } from '../cache/index.js';
import { redisJournal } from '../cache/redis/index.js';
import type { Config } from '../config.js';
import { createClientOrCluster } from './create-redis-client.js';
import { parseRedisUrl } from './parse-redis-url.js';

/** Where accepted writes rest: the Redis that is named for it, that of the cache, or the memory of this process. */
export function createJournal(
  {
    journal,
    redisUrl,
    redisPrefix,
    redisTls,
  }: Pick<Config, 'journal' | 'redisUrl' | 'redisPrefix' | 'redisTls'>,
  time: { clock?: Clock },
): Journal {
  const { durability, replicas, maxPending } = journal;
  const url = journal.redisUrl ?? redisUrl;
  if (url === undefined) return memoryJournal({ maxPending, ...time });
  return redisJournal(createClientOrCluster(url, redisTls), {
    prefix: redisPrefix,
    durability,
    replicas,
    maxPending,
    // One server for both: the entry and the journal change in one step.
    ...(url === redisUrl && parseRedisUrl(url).place.by !== 'cluster' ? { storePrefix: redisPrefix } : {}),
  });
}
