import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, redisStore, type Cache } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

async function startedCache(server: PrivateRedis): Promise<Cache<unknown>> {
  const store = redisStore(new Redis(server.url, { lazyConnect: true }), { prefix: 'restarted' });
  const cache = createCache({ store, log: cacheLog(), environment: 'test' });
  await cache.start();
  onTestFinished(() => cache.close());
  return cache;
}

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
    const run = /run_id:(\w+)/.exec(await client.info('server'))?.[1] ?? '';
    await client.set('restarted:run', run, 'PX', 60_000);
    const cache = await startedCache(server);
    expect(await read(cache, 'new')).toBe('old');
  });

  it('keeps what it has for a process that starts while it runs on', async () => {
    const server = await privateRedis();
    onTestFinished(() => server.stop());
    const first = await startedCache(server);
    await read(first, 'stored');
    const second = await startedCache(server);
    await expect.poll(() => read(second, 'loaded again')).toBe('stored');
  });
});
