import { Redis } from 'ioredis';
import { createCache } from '../../../src/cache/index.js';
import { createRedisStore } from '../../../src/redis/create-redis-store.js';
import { cacheLog } from '../cache-log.js';
import type {
  CheckedAnswer,
  CheckedRequest,
  CheckedRow,
  CheckedSettings,
  CheckedWrite,
} from './checked-process.js';

/** A process of its own with a cache, told by messages what to do: see `checked-process.ts`. */
const settings = JSON.parse(process.argv[2] ?? '{}') as CheckedSettings;
if (settings.plant === 'one-history') plantOneHistory();
const database = new Redis(settings.rowsUrl);
const store = createRedisStore(settings.cacheUrl, 'films');
const cache = createCache({
  store: {
    ...store,
    open: async (options) => store.open?.({ ...options, caughtUp: () => Promise.resolve('yes') }),
  },
  ...{ log: cacheLog(), environment: 'test' },
});

/** Every server says that it is the same run of the same one. */
function plantOneHistory(): void {
  const ask: unknown = Reflect.get(Redis.prototype, 'info');
  if (typeof ask !== 'function') throw new Error('ioredis has no info() to plant in');
  Reflect.set(Redis.prototype, 'info', async function (this: Redis, ...asked: unknown[]): Promise<string> {
    const text = String(await Reflect.apply(ask, this, asked));
    return text.replace(/^(run_id|master_replid):\w+/gm, '$1:same');
  });
}

const versionKey = (key: string): string => `version:${key}`;

async function read({ key, tags }: CheckedRow): Promise<CheckedAnswer> {
  const startedAtMs = performance.now();
  let isHit = true;
  const version = await cache.fetch(key, { ttl: 600, tags: [...tags] }, async () => {
    isHit = false;
    return Number(await database.get(versionKey(key)));
  });
  return { version, isHit, latencyMs: performance.now() - startedAtMs };
}

async function write({ keys, tag }: CheckedWrite): Promise<readonly number[]> {
  const versions = await Promise.all(keys.map((key) => database.incr(versionKey(key))));
  await cache.invalidate([tag]);
  return versions;
}

function resultOf(request: CheckedRequest): Promise<unknown> {
  if ('read' in request) return read(request.read);
  if ('write' in request) return write(request.write);
  return Promise.resolve(store.isAway?.() === true || store.isPartlyAway?.() === true);
}

async function answer(request: CheckedRequest): Promise<void> {
  const { number } = request;
  try {
    process.send?.({ number, result: await resultOf(request) });
  } catch (error) {
    process.send?.({ number, error: String(error) });
  }
}

process.on('message', (request: CheckedRequest) => void answer(request));
await cache.start();
process.send?.({ number: 0 });
