import { redisStore } from '../../../src/cache/redis/index.js';
import { type Store } from '../../../src/cache/index.js';
import { withLeasesForAll } from '../stores/broken-stores.js';
import { withForeignRelease } from '../stores/foreign-release.js';
import { withBlindFill } from '../stores/planted-stores.js';
import { rowCache } from '../worlds/row-cache.js';
import type { RowProcessSettings, RowReads, RowRequest } from './row-process.js';
import { rowsInRedis } from '../worlds/rows-in-redis.js';
import { redisClient } from '../servers/redis-client.js';

/** A process of its own with a cache of rows, told by messages what to do: see `row-process.ts`. */
const settings = JSON.parse(process.argv[2] ?? '{}') as RowProcessSettings;
const redis = redisClient(settings.url);
const database = rowsInRedis(redis);
const { cache, read, write } = rowCache({ store: plantedStore(), database });

function plantedStore(): Store {
  const store = redisStore(redisClient(settings.url), { prefix: 'cache' });
  if (settings.plant === undefined) return store;
  switch (settings.plant) {
    case 'leases-for-all':
      return withLeasesForAll(store);
    case 'foreign-release':
      return withForeignRelease(store, redis);
    case 'blind-fill':
      return withBlindFill(store);
  }
}

async function reads({ field, id, times, loadMs }: RowReads): Promise<unknown> {
  database.takes(loadMs);
  const one = async (): Promise<{ version: number; latencyMs: number }> => {
    const startedAtMs = performance.now();
    const version = await read(field, id);
    return { version, latencyMs: performance.now() - startedAtMs };
  };
  const answers = await Promise.all(Array.from({ length: times }, one));
  return {
    versions: answers.map(({ version }) => version),
    latenciesMs: answers.map(({ latencyMs }) => latencyMs),
  };
}

async function answer({ number, ...request }: RowRequest): Promise<void> {
  try {
    const result = 'write' in request ? await write(request.write) : await reads(request.read);
    process.send?.({ number, result });
  } catch (error) {
    process.send?.({ number, error: String(error) });
  }
}

process.on('message', (request: RowRequest) => void answer(request));
await cache.start();
process.send?.({ number: 0 });
