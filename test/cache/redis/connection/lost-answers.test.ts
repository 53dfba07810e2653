import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache } from '../../../../src/cache/index.js';
import { redisJournal, redisStore } from '../../../../src/cache/redis/index.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { expectTime, tookMs } from '../../../support/run/expect-time.js';
import { workerRedis } from '../../../support/servers/worker-redis.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { testCache } from '../../../support/test-cache.js';

const typeDefs = 'type Query { one: Int @cached(ttl: 600) }';
/** A proxy that forwards nothing for so long swallows some probes, on connections that stay up. */
const HOLE_MS = 1500;
const HEALS_WITHIN_MS = 3000;

describe.skipIf(!needsRedis())('a Redis whose connections swallow commands for a while', () => {
  it('is used again soon after that, by the store and by the journal', { timeout: 60_000 }, async () => {
    const server = await workerRedis();
    const proxy = await tcpProxy(server.port);
    const client = (): Redis => new Redis(proxy.port, '127.0.0.1', { lazyConnect: true });
    const journal = redisJournal(client(), { prefix: 'lost' });
    const { cache, query } = testCache({
      typeDefs,
      resolvers: { Query: { one: () => 1 } },
      store: redisStore(client(), { prefix: 'lost' }),
      clock: systemClock,
    });
    await Promise.all([cache.start(), journal.open?.({ log: cacheLog() })]);
    onTestFinished(async () => void (await Promise.all([cache.close(), journal.close()])));
    const isAway = (): boolean[] => [cache.stats.storeIsAway(), journal.isAway()];
    await expect.poll(isAway, { interval: 10 }).toEqual([false, false]);

    proxy.set({ blackHole: 'both' });
    const untilMs = performance.now() + HOLE_MS;
    await query('{ one }');
    await expect.poll(() => cache.stats.storeIsAway()).toBe(true);
    await Promise.resolve(journal.size()).catch(() => undefined);
    await expect.poll(() => performance.now() > untilMs && journal.isAway(), { timeout: 15_000 }).toBe(true);
    proxy.set({});
    const healedMs = await tookMs(() => expect.poll(isAway, { interval: 20 }).toEqual([false, false]));
    await query('{ one }');
    expect((await query('{ one }')).outcomes).toEqual(['Query.one HIT']);
    expectTime(healedMs).toBeLessThan(HEALS_WITHIN_MS);
  });

  it('is used again soon, also while invalidations are sent before the loss is noticed', async () => {
    const server = await workerRedis();
    const proxy = await tcpProxy(server.port);
    const cache = createCache({
      store: redisStore(new Redis(proxy.port, '127.0.0.1', { lazyConnect: true }), { prefix: 'shifted' }),
      ...{ log: cacheLog(), environment: 'test' },
    });
    onTestFinished(() => cache.close());
    await cache.start();
    let [loads, goesOn] = [0, true];
    const isHit = async (): Promise<boolean> => {
      const before = loads;
      await cache.fetch('Row:1', { ttl: 600 }, () => (loads += 1));
      return loads === before;
    };
    await expect.poll(isHit).toBe(true);
    proxy.set({ blackHole: 'both' });
    const writing = (async () => {
      while (goesOn) {
        await cache.invalidate(['Row:2']).catch(() => undefined);
        await passes(1);
      }
    })();
    await expect.poll(() => cache.stats.storeIsAway(), { interval: 1 }).toBe(true);
    proxy.set({});
    const healed = expect.poll(isHit, { timeout: 10_000 }).toBe(true);
    await healed.finally(() => (goesOn = false));
    await writing;
  }, 30_000);
});
