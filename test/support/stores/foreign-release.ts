import type { Redis } from 'ioredis';
import type { Store } from '../../../src/cache/index.js';

/** A planted fault, the naive lock: whoever has filled deletes the lease, whosever it is. */
export function withForeignRelease(store: Store, redis: Redis): Store {
  return {
    ...store,
    fill: async (fills) => {
      const outcomes = await store.fill(fills);
      for (const { key } of fills) {
        const leases = await redis.keys(`*:l:{${key}}`);
        if (leases.length > 0) await redis.del(leases);
      }
      return outcomes;
    },
  };
}
