import { Redis } from 'ioredis';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';

/** More than any size needs: what leaves a full store is measured elsewhere. */
const ROOM = { maxEntries: 4_000_000, maxBytes: 32 * 2 ** 30 };

/** A read that is given up on a busy machine would be measured as what the origin costs. */
const PATIENT = { commandTimeoutMs: 5000 };

/** Where a store is. */
export interface StorePlace {
  /** Undefined where it is in this process. */
  readonly redisUrl: string | undefined;
  /** Keeps what is stored apart from what others have in the same Redis. */
  readonly prefix: string;
}

export function openStore({ redisUrl, prefix }: StorePlace): Store {
  return redisUrl === undefined
    ? memoryStore(ROOM)
    : redisStore(new Redis(redisUrl, { lazyConnect: true }), { prefix, ...PATIENT });
}
