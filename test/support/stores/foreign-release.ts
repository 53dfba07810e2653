import type { Cluster, Redis } from 'ioredis';
import type { Store } from '../../../src/cache/index.js';
import { keysOf } from '../servers/redis-client.js';

/** A planted fault, the naive lock: whoever has filled deletes the lease, whosever it is. */
export function withForeignRelease(store: Store, redis: Redis | Cluster): Store {
  return {
    ...store,
    fill: async (fills) => {
      const outcomes = await store.fill(fills);
      for (const { key } of fills) {
        const leases = await keysOf(redis, `*:l:{${key}}`);
        if (leases.length > 0) await redis.del(...leases);
      }
      return outcomes;
    },
  };
}
