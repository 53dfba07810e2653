import { Redis } from 'ioredis';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';

/** More than any size needs: what leaves a full store is measured elsewhere. */
const ROOM = { maxEntries: 4_000_000, maxBytes: 32 * 2 ** 30 };

/** The store in the Redis at this address, or where there is none, a store in this process. */
export function openStore(redisUrl: string | undefined): Store {
  return redisUrl === undefined
    ? memoryStore(ROOM)
    : redisStore(new Redis(redisUrl, { lazyConnect: true }), { prefix: 'scale' });
}
