import type { StoreHealth } from '../../store/store.js';
import type { Ask } from '../connection/connection-user.js';
import { lineOf } from '../connection/server-info.js';

/** A busy process makes one round trip look long, so it takes the shortest of some. */
const ROUND_TRIPS = 5;

/** How the server is: the time of a command that costs nothing, and what it says of itself. */
export async function readHealth(ask: Ask): Promise<StoreHealth> {
  let roundTripMs = Infinity;
  for (let trip = 0; trip < ROUND_TRIPS; trip += 1) {
    const startedAtMs = performance.now();
    await ask((redis) => redis.ping());
    roundTripMs = Math.min(roundTripMs, performance.now() - startedAtMs);
  }
  const info = await ask((redis) => redis.info());
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
