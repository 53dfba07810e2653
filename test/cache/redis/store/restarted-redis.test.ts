import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Cache, type Store } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { createGate } from '../../../support/gate.js';
import { privateRedis, privateRedisAt, type PrivateRedis } from '../../../support/private-redis.js';
import { workerRedis } from '../../../support/servers/worker-redis.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

async function startedCache(server: { readonly url: string }): Promise<Cache<unknown>> {
  const store = redisStore(new Redis(server.url, { lazyConnect: true }), { prefix: 'restarted' });
  const cache = createCache({ store, log: cacheLog(), environment: 'test' });
  await cache.start();
  onTestFinished(() => cache.close());
  return cache;
}

const ROW = { key: 'Row:1', tags: [] };

const read = (cache: Cache<unknown>, value: string): Promise<string> =>
  cache.fetch('Row:1', { ttl: 600 }, () => Promise.resolve(value));

describe.skipIf(!needsRedis())('a Redis that comes back with what it had saved', () => {
  /** Saves an entry, invalidates it, dies, and starts again from the file: the invalidation is lost. */
  async function fromOldSnapshot(): Promise<PrivateRedis> {
    const folder = await temporaryFolder();
    const files = ['--dir', folder, '--dbfilename', 'saved.rdb'];
    const before = await privateRedis(...files);
    const cache = await startedCache(before);
    expect(await read(cache, 'old')).toBe('old');
    const client = new Redis(before.url);
    await client.save();
    client.disconnect();
    await cache.invalidate(['Row:1']);
    await before.stop();
    const after = await privateRedis(...files);
    onTestFinished(() => after.stop());
    return after;
  }

  it('serves nothing of it, to a process that starts only then', async () => {
    const server = await fromOldSnapshot();
    const client = new Redis(server.url);
    onTestFinished(() => client.disconnect());
    expect(await client.keys('restarted:*:e:*')).toHaveLength(1);
    const cache = await startedCache(server);
    expect(await read(cache, 'new')).toBe('new');
  });

  it('would serve it, if the run of the server were not compared', async () => {
    const server = await fromOldSnapshot();
    const client = new Redis(server.url);
    onTestFinished(() => client.disconnect());
    // As if the server had been running all the time.
    const info = await client.info();
    const [run, replid] = [/run_id:(\w+)/, /master_replid:(\w+)/].map((line) => line.exec(info)?.[1]);
    await client.set('restarted:run', `${run} ${replid}`, 'PX', 60_000);
    const cache = await startedCache(server);
    expect(await read(cache, 'new')).toBe('old');
  });

  it.each(['restarted:run', 'restarted:epoch'])('is used although %s has another type', async (name) => {
    const server = await workerRedis();
    const client = new Redis(server.url);
    onTestFinished(() => client.disconnect());
    await client.rpush(name, 'foreign');
    const cache = await startedCache(server);
    expect([await read(cache, 'stored'), await read(cache, 'loaded again')]).toEqual(['stored', 'stored']);
    expect([cache.stats.storeIsAway(), await client.type(name)]).toEqual([false, 'string']);
  });

  it('keeps what it has for a process that starts while it runs on', async () => {
    const server = await workerRedis();
    const first = await startedCache(server);
    await read(first, 'stored');
    const second = await startedCache(server);
    await expect.poll(() => read(second, 'loaded again')).toBe('stored');
  });

  /** A store with one entry. `caughtUp` is asked when it rejoins a server that it knows, not at first. */
  async function storeWith(server: { readonly url: string }, caughtUp: () => Promise<'yes'>): Promise<Store> {
    const store = redisStore(new Redis(server.url, { lazyConnect: true }), { prefix: 'restarted' });
    await store.open?.({ digest: 'none', log: cacheLog(), onForgotten: () => undefined, caughtUp });
    onTestFinished(() => store.close());
    const [claim] = await store.acquire([{ ...ROW, token: 'token', leaseMs: 1000, keepForMs: 60_000 }]);
    const generations = claim?.generations ?? [];
    await store.fill([{ ...ROW, bytes: Buffer.from('old'), generations, keepForMs: 60_000 }]);
    return store;
  }

  it('serves nothing of it either, when it restarts while a process is rejoining it', async () => {
    const files = ['--dir', await temporaryFolder(), '--dbfilename', 'saved.rdb'];
    const before = await privateRedis(...files);
    const gate = createGate();
    const store = await storeWith(before, () => gate.wait().then(() => 'yes'));
    const [stored] = await store.read([ROW]);
    const client = new Redis(before.url);
    await client.save();
    await store.invalidate([ROW.key]);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    client.disconnect();
    // It has seen that this is the server it knew, and asks what that may have missed.
    await gate.arrived();
    await before.stop();
    const after = await privateRedisAt(before.port, ...files);
    onTestFinished(() => after.stop());
    const others = new Redis(after.url);
    onTestFinished(() => others.disconnect());
    const clients = async (): Promise<unknown> =>
      /connected_clients:(\d+)/.exec(await others.info('clients'))?.[1];
    await expect.poll(clients).not.toBe('1');
    gate.open();
    await expect.poll(() => store.isAway?.()).toBe(false);
    const [found] = await store.read([ROW]);
    expect(found?.bytes?.toString()).toBe('old');
    expect(found?.generations).not.toEqual(stored?.generations);
  });
});
