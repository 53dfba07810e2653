import { setTimeout as passes } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Cache } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { createGate } from '../../../support/gate.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { redisClient } from '../../../support/servers/redis-client.js';

const COMMAND_TIMEOUT_MS = 2000;
/** Longer than a read is waited for, and shorter than a time-out. */
const SILENT_MS = 1000;

describe.skipIf(!needsRedis())('a Redis that is silent for a moment', () => {
  let server: PrivateRedis;
  beforeEach(async () => {
    server = await privateRedis();
    onTestFinished(() => server.stop());
  });

  async function started(): Promise<Cache<unknown>> {
    const store = redisStore(redisClient(server.url), { commandTimeoutMs: COMMAND_TIMEOUT_MS });
    const cache = createCache({ store, log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    await cache.start();
    return cache;
  }

  async function silent(work: () => Promise<unknown>): Promise<void> {
    process.kill(server.pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  }

  /** Loads that are counted, so many that it is known how long one takes. */
  async function known(cache: Cache<unknown>, takesMs: number) {
    let loads = 0;
    const read = (id: number, from = cache): Promise<number> =>
      from.fetch(`Film:${id}`, { ttl: 60 }, async () => {
        await passes(takesMs);
        return (loads += 1);
      });
    for (let id = 1; id <= 5; id += 1) await read(id);
    return { read, loads: () => loads };
  }

  it('is not waited for where the origin answers sooner, and used again with its next answer', async () => {
    const cache = await started();
    const { read, loads } = await known(cache, 1);
    const sinceMs = performance.now();
    await silent(async () => {
      expect(await read(1)).toBe(6);
      expectTime(performance.now() - sinceMs).toBeLessThan(SILENT_MS);
      // What comes now does not even ask.
      const nowMs = performance.now();
      expect(await read(2)).toBe(7);
      expectTime(performance.now() - nowMs).toBeLessThan(200);
      expect(cache.stats.storeIsAway()).toBe(false);
    });
    await expect.poll(() => read(1)).toBe(1);
    expect(await read(2)).toBe(2);
    expect(loads()).toBeGreaterThan(6);
  });

  it('is waited for while the origin fails: a hit stays a hit', async () => {
    const cache = await started();
    const { read } = await known(cache, 1);
    const broken = cache.fetch('Film:9', { ttl: 60 }, () => Promise.reject(new Error('no database')));
    await expect(broken).rejects.toThrow('no database');
    const answers: Promise<number>[] = [];
    await silent(async () => {
      answers.push(read(1));
      await passes(SILENT_MS);
    });
    expect(await answers[0]).toBe(1);
  });

  it('is waited for where a load takes longer: a hit stays a hit, and what another process loads is not loaded here', async () => {
    const [here, there] = [await started(), await started()];
    const { read, loads } = await known(here, 60);
    const gate = createGate();
    const slow = there.fetch('Film:9', { ttl: 60 }, async () => {
      await gate.wait();
      return 9;
    });
    await gate.arrived();
    const answers: Promise<number>[] = [];
    await silent(async () => {
      answers.push(read(1), read(9));
      await passes(SILENT_MS);
    });
    expect(await answers[0]).toBe(1);
    gate.open();
    expect([await slow, await answers[1]]).toEqual([9, 9]);
    expect(loads()).toBe(5);
  });
});
