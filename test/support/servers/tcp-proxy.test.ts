import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { needsRedis } from '../needs.js';
import { workerRedis, type WorkerRedis } from './worker-redis.js';
import { tcpProxy, type TcpProxy } from './tcp-proxy.js';

describe.skipIf(!needsRedis())('the proxy', () => {
  let server: WorkerRedis;
  let direct: Redis;
  let proxy: TcpProxy;
  let client: Redis;

  beforeAll(async () => {
    server = await workerRedis();
    direct = new Redis(server.url);
  });
  afterAll(async () => {
    direct.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await direct.flushall();
    proxy = await tcpProxy(server.port);
    client = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
    const made = client;
    // Its connection is broken on purpose.
    made.on('error', () => undefined);
    onTestFinished(() => made.disconnect());
    await made.ping();
  });

  it('lets everything pass in its order', async () => {
    const sent = Array.from({ length: 100 }, (_, index) =>
      client.rpush('list', `${index} ${'x'.repeat(1000)}`),
    );
    await Promise.all(sent);
    const list = await client.lrange('list', 0, -1);
    expect(list.map((item) => Number(item.split(' ')[0]))).toEqual(sent.map((_, index) => index));
  });

  it('delays each way', async () => {
    proxy.set({ latencyMs: 30 });
    const since = performance.now();
    await client.ping();
    expect(performance.now() - since).toBeGreaterThanOrEqual(58);
  });

  it('swallows both ways, while the connection stays up', async () => {
    proxy.set({ blackHole: 'both' });
    void client.set('swallowed', 'yes').catch(() => undefined);
    await direct.ping();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([await direct.get('swallowed'), client.status]).toEqual([null, 'ready']);
  });

  it('swallows answers only: what was asked for is done, and nobody hears of it', async () => {
    proxy.set({ blackHole: 'answers' });
    let isAnswered = false;
    void client.set('done', 'yes').then(
      () => (isAnswered = true),
      () => undefined,
    );
    await expect.poll(() => direct.get('done')).toBe('yes');
    expect(isAnswered).toBe(false);
  });

  it('resets connections', async () => {
    const closed = new Promise((resolve) => client.once('close', resolve));
    proxy.reset();
    await closed;
    await expect.poll(() => client.status).toBe('ready');
  });

  it('lets commands arrive once more, late', async () => {
    proxy.set({ ghosts: 1, ghostsWithinMs: 20 });
    await client.incr('count');
    await expect.poll(() => direct.get('count')).toBe('2');
    expect(proxy.ghosts).toBe(1);
  });
});
