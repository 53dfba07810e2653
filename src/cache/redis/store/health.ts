import type { Redis } from 'ioredis';
import type { StoreHealth } from '../../store/store.js';
import { lineOf } from '../connection/server-info.js';

/** How the server is, in two commands: one that costs nothing is timed. */
export async function readHealth(redis: Redis): Promise<StoreHealth> {
  const startedAtMs = performance.now();
  await redis.ping();
  const roundTripMs = performance.now() - startedAtMs;
  const info = await redis.info();
  const number = (name: string): number | undefined => {
    const text = lineOf(info, name);
    return text === undefined ? undefined : Number(text);
  };
  return known({
    roundTripMs,
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    evictionPolicy: lineOf(info, 'maxmemory_policy'),
    evictions: number('evicted_keys'),
    serverHits: number('keyspace_hits'),
    serverMisses: number('keyspace_misses'),
  });
}

/** What is undefined is left out. */
function known(health: { readonly [Name in keyof StoreHealth]: StoreHealth[Name] | undefined }): StoreHealth {
  return Object.fromEntries(Object.entries(health).filter(([, value]) => value !== undefined));
}
