import { setTimeout as passes } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { Packr } from 'msgpackr';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeEntry, encodeEntry } from '../../../../src/cache/codec/entry.js';
import { createCache, type Cache } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { createGate } from '../../../support/gate.js';
import { needsRedis } from '../../../support/needs.js';
import { useWorkerRedis } from '../../../support/servers/worker-redis.js';

describe.skipIf(!needsRedis())('a Redis that others use as well', () => {
  const server = useWorkerRedis();

  function newCache(url = server.url): Cache<unknown> {
    const store = redisStore(new Redis(url, { lazyConnect: true }), { prefix: 'hostile' });
    const cache = createCache({ store, log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    return cache;
  }
  const stored = (key: string) =>
    expect.poll(() => server.redis.keys(`hostile:*:e:{${key}}`)).toHaveLength(1);

  it('a refusal carries no password, not even in its cause', async () => {
    const url = server.url.replace('//', '//nobody:staple-me-to-the-log@');
    const refusal: unknown = await newCache(url)
      .start()
      .catch((error: unknown) => error);
    expect(inspect(refusal, { depth: 10 })).not.toContain('staple-me-to-the-log');
  });

  it('a right that is only needed after a restart is missed at the start', async () => {
    const warm = newCache();
    await warm.start();
    await server.redis.call('ACL', 'SETUSER', 'films', 'reset', 'on', '>right', '~*', '&*', '+@all', '-eval');
    const url = server.url.replace('//', '//films:right@');
    await expect(newCache(url).start()).rejects.toMatchObject({ code: 'CACHE_STORE_REFUSED' });
  });

  it.each(['hostile:g:{Long:1}', 'hostile:epoch'])(
    'a generation that we did not write is replaced: %s',
    async (name) => {
      const cache = newCache();
      await cache.start();
      await server.redis.set(name, 'x'.repeat(300), 'PX', 60_000);
      onTestFinished(async () => void (await server.redis.del(name)));
      let loads = 0;
      const loadsSoFar = async (): Promise<number> => {
        await cache.fetch('Long:1', { ttl: 60 }, () => (loads += 1));
        return loads;
      };
      for (let reads = 0; reads < 20; reads += 1) await loadsSoFar();
      expect(await loadsSoFar()).toBeLessThan(5);
      await server.redis.del(name);
    },
  );

  it('an entry with a field named __proto__ is a miss', async () => {
    const cache = newCache();
    await cache.start();
    const read = (): Promise<unknown> => cache.fetch('Evil:1', { ttl: 60 }, () => ({ good: true }));
    await read();
    await stored('Evil:1');
    const [key = ''] = await server.redis.keys('hostile:*:e:{Evil:1}');
    const entry = decodeEntry((await server.redis.getBuffer(key)) ?? Buffer.alloc(0), 'Evil:1', 100_000);
    if (entry === undefined) throw new Error('the entry was not stored');
    const evil: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    const payload = new Packr({ useRecords: false }).pack(evil);
    await server.redis.set(key, encodeEntry({ ...entry, payload }), 'KEEPTTL');
    expect(await read()).toEqual({ good: true });
  });

  it('a process that is cut off joins no load that began before the write of another one', async () => {
    const [cutOff, writer] = [newCache(), newCache()];
    const ids = async (): Promise<string[]> =>
      Array.from(String(await server.redis.client('LIST')).matchAll(/^id=(\d+)/gm), ([, id = '']) => id);
    await writer.start();
    const others = new Set(await ids());
    await cutOff.start();
    const own = (await ids()).filter((id) => !others.has(id));
    let version = 1;
    const gate = createGate();
    const load = async (): Promise<number> => {
      const snapshot = version;
      await gate.wait();
      return snapshot;
    };
    await Promise.all(own.map((id) => server.redis.call('CLIENT', 'KILL', 'ID', id)));
    await expect.poll(() => cutOff.stats.storeIsAway(), { interval: 1 }).toBe(true);
    const early = cutOff.fetch('Cut:1', { ttl: 60 }, load);
    await gate.arrived();
    version = 2;
    await writer.invalidate(['Cut:1']);
    const late = cutOff.fetch('Cut:1', { ttl: 60 }, load);
    // Long enough to find the load that is under way.
    await passes(20);
    gate.open();
    expect(await early).toBe(1);
    expect(await late).toBe(2);
  });
});
