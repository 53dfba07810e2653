import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStore } from '../../../src/cache/store/redis-store.js';
import { storeContract } from '../../contracts/store-contract.js';
import { needsRedis } from '../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../support/private-redis.js';

describe.skipIf(!needsRedis())('the Redis store', () => {
  let server: PrivateRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await privateRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  /** Shortens the life of every key under a prefix, as if the time had passed. */
  async function pass(prefix: string, ms: number): Promise<void> {
    for (const key of await redis.keys(`${prefix}:*`)) {
      const leftMs = (await redis.pttl(key)) - ms;
      if (leftMs <= 0) await redis.del(key);
      else await redis.pexpire(key, leftMs);
    }
  }

  storeContract('redis', {
    capabilities: { time: true, local: false },
    sequences: 50,
    create: () => {
      const prefix = randomUUID();
      return { store: redisStore(redis, { prefix }), pass: (ms) => pass(prefix, ms) };
    },
  });

  it('stores nothing without an expiry', async () => {
    const store = redisStore(redis, { prefix: 'mortal' });
    const address = { key: 'Movie:1', tags: ['Movies'] };
    const [generations = []] = await store.capture([address]);
    await store.fill([{ ...address, bytes: Buffer.from('x'), generations, keepForMs: 1000 }]);
    await store.invalidate(['Movies', 'Other']);
    const keys = await redis.keys('mortal:*');
    expect(keys.sort()).toEqual([
      'mortal:1:e:{Movie:1}',
      'mortal:1:g:{Movie:1}',
      'mortal:1:g:{Movies}',
      'mortal:1:g:{Other}',
    ]);
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  it('reads any number of entries and generations with one MGET, and asks for no key twice', async () => {
    const store = redisStore(redis, { prefix: 'one' });
    const seen: string[][] = [];
    const monitor = await new Redis(server.url).monitor();
    monitor.on('monitor', (_time: string, command: string[]) => seen.push(command));
    const addresses = Array.from({ length: 50 }, (_, index) => ({
      key: `Movie:${index}`,
      tags: ['Movie', 'All'],
    }));
    await store.read(addresses);
    await redis.ping();
    await expect.poll(() => seen.at(-1)?.[0]).toBe('ping');
    monitor.disconnect();
    expect(seen.map(([command]) => command)).toEqual(['mget', 'ping']);
    expect(seen[0]).toHaveLength(1 + 50 + 2);
  });

  it('goes on when the server has forgotten its scripts', async () => {
    const store = redisStore(redis, { prefix: 'scripts' });
    await redis.script('FLUSH');
    const [generations = []] = await store.capture([{ key: 'Movie:1', tags: ['A', 'B'] }]);
    expect(new Set(generations).size).toBe(3);
  });
});
