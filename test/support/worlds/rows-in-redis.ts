import { setTimeout as passes } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { RowDatabase } from './row-cache.js';

/** Rows that several processes share, with a count of the loads that have begun; apart from the keys of any cache. */
export interface RowsInRedis extends RowDatabase {
  /** From now on a load takes so long. */
  takes(loadMs: number): void;
  loadsOf(id: string): Promise<number>;
}

export function rowsInRedis(redis: Redis | Cluster): RowsInRedis {
  let loadMs = 0;
  return {
    takes: (ms) => (loadMs = ms),
    load: async (id) => {
      const answerMs = loadMs;
      const version = Number(await redis.get(`rows:version:${id}`));
      await redis.incr(`rows:loads:${id}`);
      await passes(answerMs);
      return { id, version };
    },
    write: (id) => redis.incr(`rows:version:${id}`),
    loadsOf: async (id) => Number(await redis.get(`rows:loads:${id}`)),
  };
}
