import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Cache, type Store } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { createRedisStore } from '../../../../src/redis/create-redis-store.js';
import { cacheLog } from '../../../support/cache-log.js';
import { freePort } from '../../../support/free-port.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, privateRedisAt } from '../../../support/private-redis.js';
import { NAME, sentinel, watchedRedis, type WatchedRedis } from '../../../support/servers/watched-redis.js';
import { expectTime } from '../../../support/run/expect-time.js';

const isLong = process.env['ATTACKS'] === 'long';
/** Checked reads around each failover. */
const READS = isLong ? 20_000 : 1000;
/** The long form reads for minutes. */
const FAILOVER = { timeout: isLong ? 600_000 : 30_000 };
const KEYS = 50;
/** About 150 requests in a second. */
const PAUSE_MS = 13;
const TOGETHER = 2;

/** As of a process that has applied all of its outbox: only the history of the server says what that one has missed. */
function caughtUp(store: Store): Store {
  return {
    ...store,
    open: async (options) => store.open?.({ ...options, caughtUp: () => Promise.resolve('yes') }),
  };
}

function cacheOf(store: Store): Cache<unknown> {
  const cache = createCache({ store, log: cacheLog(), environment: 'test' });
  onTestFinished(() => cache.close());
  return cache;
}

async function started(url: string): Promise<Cache<unknown>> {
  const cache = cacheOf(createRedisStore(url, 'films'));
  await cache.start();
  return cache;
}

const refusal = (url: string): Promise<string> =>
  started(url).then(
    () => 'none',
    (error: unknown) => String(error),
  );

describe.skipIf(!needsRedis())('a store that sentinels find', () => {
  /** Reads through two caches and writes; counts what was older than an acknowledged write when the read began. */
  async function underLoad(watched: WatchedRedis, disaster: () => Promise<void>) {
    const client = new Redis({ sentinels: [...watched.sentinels], name: NAME, lazyConnect: true });
    onTestFinished(() => client.disconnect());
    const stores = [createRedisStore(watched.url, 'films'), redisStore(client, { prefix: 'films' })];
    const caches = stores.map((store) => cacheOf(caughtUp(store)));
    await Promise.all(caches.map((cache) => cache.start()));
    const rows = Array.from({ length: KEYS }, () => 1);
    const acknowledged = [...rows];
    const seen = { reads: 0, stale: 0, errors: 0, missed: 0 };
    const read = async (turn: number): Promise<void> => {
      const row = turn % KEYS;
      const since = acknowledged[row] ?? 0;
      const load = (): number => rows[row] ?? 0;
      try {
        const value = await caches[turn % 2]?.fetch(`Row:${row}`, { ttl: 600 }, load);
        seen.reads += 1;
        if (Number(value) < since) seen.stale += 1;
      } catch {
        seen.errors += 1;
      }
    };
    const write = async (row: number, cache: Cache<unknown> | undefined): Promise<void> => {
      const next = (rows[row] ?? 0) + 1;
      rows[row] = next;
      await cache?.invalidate([`Row:${row}`]);
      acknowledged[row] = next;
    };
    let [turn, isOver] = [0, false];
    const readOn = async (): Promise<void> => {
      while (!isOver) {
        turn += 1;
        if (turn % 20 === 0) await write(turn % KEYS, caches[turn % 2]).catch(() => (seen.missed += 1));
        await Promise.all([read(turn), passes(PAUSE_MS)]);
      }
    };
    for (let row = 0; row < KEYS; row += 1) await Promise.all([read(row), read(row + 1)]);
    watched.cutReplica();
    // The replica has the entries, and never hears that they have ended.
    for (let row = 0; row < KEYS; row += 1) await write(row, caches[0]);
    const reading = Array.from({ length: TOGETHER }, readOn);
    await disaster();
    const diedAtMs = performance.now();
    const isUsed = (): boolean => caches.every((cache) => !cache.stats.storeIsAway());
    await expect.poll(isUsed, { timeout: 10_000 }).toBe(true);
    const usedAfterMs = performance.now() - diedAtMs;
    const readsBefore = seen.reads;
    await expect.poll(() => seen.reads - readsBefore, { timeout: READS * 40 }).toBeGreaterThan(READS);
    isOver = true;
    await Promise.all(reading);
    return { ...seen, usedAfterMs };
  }

  it(
    'serves nothing stale when a replica that lags takes over from a primary that was killed',
    FAILOVER,
    async () => {
      const watched = await watchedRedis();
      const seen = await underLoad(watched, async () => {
        await watched.primary.stop();
        await watched.failOver();
      });
      expect(seen).toMatchObject({ stale: 0, errors: 0 });
      const client = new Redis(watched.replica.url);
      onTestFinished(() => client.disconnect());
      expect((await client.keys('films:*:e:*')).length).toBeGreaterThan(0);
      expectTime(seen.usedAfterMs).toBeLessThan(10_000);
    },
  );

  it('is used as soon as there is a primary', async () => {
    const port = await freePort();
    const sentinels = [await sentinel(port)];
    const cache = await started(`redis+sentinel://127.0.0.1:${sentinels[0]}/${NAME}`);
    expect(cache.stats.storeIsAway()).toBe(true);
    expect(await cache.fetch('Row:1', { ttl: 60 }, () => 'loaded')).toBe('loaded');
    const primary = await privateRedisAt(port);
    onTestFinished(() => primary.stop());
    await expect.poll(() => cache.stats.storeIsAway(), { timeout: 10_000 }).toBe(false);
  });

  it('leaves reads to the origin while there is no sentinel', async () => {
    const cache = await started(`redis+sentinel://127.0.0.1:1,127.0.0.1:2/${NAME}`);
    expect(cache.stats.storeIsAway()).toBe(true);
    expect(await cache.fetch('Row:1', { ttl: 60 }, () => 'loaded')).toBe('loaded');
  });

  it('is refused at the start where the sentinels do not know the primary', async () => {
    const port = await sentinel();
    expect(await refusal(`redis+sentinel://:secret@127.0.0.1:1,127.0.0.1:${port}/${NAME}`)).toBe(
      `CacheError: redisStore: Redis primary films of the sentinels 127.0.0.1:1, 127.0.0.1:${port} is known to none of those ` +
        'that answer; check its name, and that they monitor it',
    );
  });
});

describe.skipIf(!needsRedis())('a replica', () => {
  it('is refused at the start', async () => {
    const replica = await privateRedis('--replicaof', '127.0.0.1', '1');
    onTestFinished(() => replica.stop());
    expect(await refusal(replica.url)).toBe(
      `CacheError: redisStore: Redis at 127.0.0.1:${replica.port} is a replica, which lags behind its primary and takes no ` +
        'invalidation; name the primary instead',
    );
  });
});
