import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { type Store } from '../../../../src/cache/index.js';
import { redisNames } from '../../../../src/cache/redis/redis-names.js';
import { storeContract } from '../../../../src/cache/testing/index.js';
import { generationsFor, leaseRequest } from '../../../support/stores/generations-for.js';
import { needsRedis } from '../../../support/needs.js';
import { useWorkerRedis } from '../../../support/servers/worker-redis.js';
import { cacheLog } from '../../../support/cache-log.js';

describe.skipIf(!needsRedis())('the Redis store', () => {
  const server = useWorkerRedis();

  async function open(prefix: string, digest = 'd1'): Promise<Store> {
    const store = redisStore(server.redis, { prefix });
    await store.open?.({
      digest,
      log: cacheLog(),
      onForgotten: () => undefined,
      caughtUp: () => Promise.resolve('unknown' as const),
    });
    return store;
  }

  /** Shortens the life of every key under a prefix, as if the time had passed. */
  async function pass(prefix: string, ms: number): Promise<void> {
    for (const key of await server.redis.keys(`${prefix}:*`)) {
      const leftMs = (await server.redis.pttl(key)) - ms;
      if (leftMs <= 0) await server.redis.del(key);
      else await server.redis.pexpire(key, leftMs);
    }
  }

  async function stored(store: Store, key: string, tags: readonly string[] = []): Promise<void> {
    const [generations = []] = await generationsFor(store, [{ key, tags }]);
    await store.fill([{ key, tags, bytes: Buffer.from('x'), generations, keepForMs: 1000 }]);
  }

  describe('the store contract: redis', () => {
    const cases = storeContract({
      ...{ hasTime: true, isLocal: false, sequences: 50 },
      create: async () => {
        const prefix = randomUUID();
        return { store: await open(prefix), pass: (ms) => pass(prefix, ms) };
      },
    });
    for (const { title, run } of cases) it(title, run);
  });

  it('stores nothing without an expiry, under names that say what it is', async () => {
    const store = await open('mortal');
    await stored(store, 'Movie:1', ['Movies']);
    await store.acquire([leaseRequest({ key: 'Movie:2', tags: [] })]);
    await store.invalidate(['Other']);
    const keys = await server.redis.keys('mortal:*');
    expect(keys.sort()).toEqual([
      'mortal:2:d1:e:{Movie:1}',
      'mortal:2:d1:l:{Movie:1}',
      'mortal:2:d1:l:{Movie:2}',
      'mortal:epoch',
      'mortal:forgotten',
      'mortal:g:{Movie:1}',
      'mortal:g:{Movie:2}',
      'mortal:g:{Movies}',
      'mortal:log',
      'mortal:run',
    ]);
    for (const key of keys) expect(await server.redis.pttl(key)).toBeGreaterThan(0);
    await store.close();
  });

  it('keeps the generation of a key for seconds while it is loaded, longer as its lease is renewed, and then for its entry', async () => {
    const store = await open('lives');
    const lease = { key: 'Movie:1', token: 'a', leaseMs: 1500 };
    const [acquired] = await store.acquire([{ ...lease, tags: ['All'], keepForMs: 7_200_000 }]);
    const left = (tag: string): Promise<number> => server.redis.pttl(`lives:g:{${tag}}`);
    expect(await left('Movie:1')).toBeLessThanOrEqual(5000);
    expect(await left('All')).toBeGreaterThan(14_000_000);
    await server.redis.pexpire('lives:g:{Movie:1}', 1000);
    expect(await store.renew([lease])).toEqual([true]);
    expect(await left('Movie:1')).toBeGreaterThan(4000);
    const fill = { key: 'Movie:1', tags: ['All'], bytes: Buffer.from('x'), token: 'a' };
    const generations = acquired?.generations ?? [];
    expect(await store.fill([{ ...fill, generations, keepForMs: 7_200_000 }])).toEqual(['stored']);
    expect(await left('Movie:1')).toBeGreaterThan(14_000_000);
    // What another field of the same key stores for a shorter while shortens nothing.
    await store.fill([{ ...fill, generations, keepForMs: 1000 }]);
    expect(await left('Movie:1')).toBeGreaterThan(14_000_000);
    await store.close();
  });

  it('reads any number of entries and generations with one MGET, and asks for no key twice', async () => {
    const store = await open('one');
    const seen: string[][] = [];
    const monitor = await new Redis(server.url, { lazyConnect: true }).monitor();
    monitor.on('monitor', (_time: string, command: string[]) => seen.push(command));
    const addresses = Array.from({ length: 50 }, (_, index) => ({
      key: `Movie:${index}`,
      tags: ['Movie', 'All'],
    }));
    await store.read([...addresses, ...addresses]);
    await server.redis.ping();
    await expect.poll(() => seen.at(-1)?.[0]).toBe('ping');
    monitor.disconnect();
    expect(seen.map(([command]) => command)).toEqual(['mget', 'ping']);
    expect(seen[0]).toHaveLength(1 + 1 + 50 * 2 + 2);
    await store.close();
  });

  it('goes on when the server has forgotten its scripts', async () => {
    const store = await open('scripts');
    await server.redis.script('FLUSH');
    const [generations = []] = await generationsFor(store, [{ key: 'Movie:1', tags: ['A', 'B'] }]);
    expect(new Set(generations).size).toBe(4);
    await store.close();
  });

  it('never reads what was stored under another digest, but hears its invalidations', async () => {
    const [old, present] = [await open('deploy', 'old'), await open('deploy', 'new')];
    await stored(old, 'Movie:1');
    expect((await present.read([{ key: 'Movie:1', tags: [] }]))[0]?.bytes).toBeUndefined();
    const [generations = []] = await generationsFor(old, [{ key: 'Movie:1', tags: [] }]);
    await present.invalidate(['Movie:1']);
    const [reading] = await old.read([{ key: 'Movie:1', tags: [] }]);
    expect(reading?.generations[0]).not.toBe(generations[0]);
    await old.close();
    await present.close();
  });

  it('keeps the keys of one entry in one hash slot', () => {
    const { entry, lease, generation } = redisNames('p', 'd');
    // What stands between the first pair of braces decides the slot.
    const slotted = [entry, lease, generation].map((name) => /\{(.*?)\}/.exec(name('Movie:1'))?.[1]);
    expect(slotted).toEqual(['Movie:1', 'Movie:1', 'Movie:1']);
  });

  it.each([
    [{ prefix: 'a b' }, 'redisStore: prefix must be letters, digits and _ . -, but got "a b"'],
    [{ prefix: '' }, 'redisStore: prefix must be letters, digits and _ . -, but got ""'],
    [
      { commandTimeoutMs: 0, connectTimeoutMs: -1 },
      'redisStore: commandTimeoutMs must be a positive number of milliseconds, but got 0; ' +
        'connectTimeoutMs must be a positive number of milliseconds, but got -1',
    ],
  ])('refuses %o', (options, message) => {
    expect(() => redisStore(server.redis, options)).toThrow(message);
  });
});
