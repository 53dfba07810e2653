import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type CacheOptions, type Store } from '../../../../src/cache/index.js';
import { clusterNames } from '../../../../src/cache/redis/cluster/cluster-names.js';
import { redisJournal, redisStore } from '../../../../src/cache/redis/index.js';
import { storeContract } from '../../../../src/cache/testing/index.js';
import { readConfig } from '../../../../src/config.js';
import { createAttemptCounters } from '../../../../src/redis/create-attempt-counters.js';
import { createRedisStore } from '../../../../src/redis/create-redis-store.js';
import { packageRoot } from '../../../../src/start/package-root.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis } from '../../../support/private-redis.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { told } from '../../../support/servers/private-cluster.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { generationsFor, leaseRequest } from '../../../support/stores/generations-for.js';
import { useCluster } from './use-cluster.js';

describe.skipIf(!needsRedis())('the store on a Redis Cluster', () => {
  const { servers, client, open } = useCluster('unknown');

  async function onEach<Answer>(ask: (redis: Redis) => Promise<Answer>): Promise<Answer[]> {
    const all = servers().primaries.map(async ({ url }) => {
      const redis = new Redis(url);
      try {
        return await ask(redis);
      } finally {
        redis.disconnect();
      }
    });
    return Promise.all(all);
  }

  const keysOf = async (prefix: string): Promise<string[]> =>
    (await onEach((redis) => redis.keys(`${prefix}:*`))).flat();

  /** Shortens the life of every key under a prefix, as if the time had passed. */
  async function pass(prefix: string, ms: number): Promise<void> {
    await onEach(async (redis) => {
      for (const key of await redis.keys(`${prefix}:*`)) {
        const leftMs = (await redis.pttl(key)) - ms;
        if (leftMs <= 0) await redis.del(key);
        else await redis.pexpire(key, leftMs);
      }
    });
  }

  async function stored(store: Store, keys: readonly string[], tags: readonly string[] = []): Promise<void> {
    const addresses = keys.map((key) => ({ key, tags }));
    const all = await generationsFor(store, addresses);
    const bytes = Buffer.from('x');
    const fills = addresses.map((address, index) => ({
      ...address,
      ...{ bytes, generations: all[index] ?? [], keepForMs: 60_000 },
    }));
    expect(new Set(await store.fill(fills))).toEqual(new Set(['stored']));
  }

  const movies = Array.from({ length: 50 }, (_, index) => `Movie:${index}`);

  describe('the store contract: redis cluster', () => {
    const cases = storeContract({
      ...{ hasTime: true, isLocal: false, sequences: 15 },
      create: async () => {
        const prefix = randomUUID();
        return { store: await open(prefix), pass: (ms) => pass(prefix, ms) };
      },
    });
    for (const { title, run } of cases) it(title, run);
  });

  it('has entries on every node, and stores nothing without an expiry', async () => {
    const store = await open('spread');
    await stored(store, movies, ['Movies']);
    const held = await onEach((redis) => redis.keys('spread:*:e:*'));
    expect(Math.min(...held.map((keys) => keys.length))).toBeGreaterThan(5);
    const lives = await onEach(async (redis) =>
      Promise.all((await redis.keys('spread:*')).map((key) => redis.pttl(key))),
    );
    expect(Math.min(...lives.flat())).toBeGreaterThan(0);
    await store.close();
  });

  it('keeps keys that begin with a brace in one slot', async () => {
    const store = await open('braces');
    const odd = ['}', '}{', '{}', '~', '~}', '', '{'];
    await stored(store, odd);
    const found = await store.read(odd.map((key) => ({ key, tags: [] })));
    expect(found.every(({ bytes }) => bytes !== undefined)).toBe(true);
    await store.invalidate(odd);
    expect((await keysOf('braces')).filter((key) => key.includes(':e:'))).toEqual([]);
    await store.close();
  });

  it('is found by a URL, and so are the counters of attempts to sign in', async () => {
    const cache = createCache({
      ...{ store: createRedisStore(servers().url, 'url'), log: cacheLog(), environment: 'test' },
    });
    onTestFinished(() => cache.close());
    await cache.start();
    expect(await cache.fetch('Row:1', { ttl: 60 }, () => 'loaded')).toBe('loaded');
    await expect.poll(() => cache.fetch('Row:1', { ttl: 60 }, () => 'loaded anew')).toBe('loaded');
    await cache.invalidate(['Row:1']);
    expect(await cache.fetch('Row:1', { ttl: 60 }, () => 'loaded anew')).toBe('loaded anew');
    const config = readConfig({ REDIS_URL: servers().url });
    const counters = createAttemptCounters(config, cacheLog());
    onTestFinished(() => counters.close());
    const counted = async (): Promise<readonly string[]> => {
      await counters.perAccount.penalty('account');
      return keysOf('corral:attempts');
    };
    // Beside it lies a probe for a second.
    await expect.poll(counted, { timeout: 15_000 }).toEqual(['corral:attempts:account:account']);
  });

  it('needs no rights but those that docs/several-processes.md lists', async () => {
    const page = readFileSync(path.join(packageRoot, 'docs', 'several-processes.md'), 'utf8');
    const [, line = ''] = /^user corral on >choose-a-password (.+)$/m.exec(page) ?? [];
    const [, more = ''] = /^- \*\*Rights:\*\* .*`(.+)` on every node/m.exec(page) ?? [];
    const allow = (rights: string): Promise<unknown> =>
      onEach((redis) =>
        redis.call('ACL', 'SETUSER', 'corral', 'reset', 'on', '>secret', ...rights.split(' ')),
      );
    const start = async (): Promise<Store> =>
      open('corral', { redisOptions: { username: 'corral', password: 'secret' } });
    await allow(`${line} ${more}`);
    const store = await start();
    await stored(store, movies, ['Movies']);
    await store.invalidate(movies);
    await store.forget();
    await store.confirm?.();
    await store.close();
    await allow(line);
    await expect(start()).rejects.toThrow('does not let this user do what the cache needs');
    await expect(open('corral', { redisOptions: { username: 'corral', password: 'wrong' } })).rejects.toThrow(
      'password',
    );
  });

  it('refuses the URL of one server that is part of it', async () => {
    const { port, url } = servers().primaries[0] ?? { port: 0, url: '' };
    const cache = createCache({ store: createRedisStore(url, 'url'), log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    await expect(cache.start()).rejects.toThrow(
      `redisStore: Redis at 127.0.0.1:${port} is part of a cluster; pass new Cluster([{ host, port }]) of ioredis, ` +
        'or end the URL with ?cluster=true',
    );
  });

  it('forgets everything on all nodes, for other processes too', async () => {
    const [one, other] = [await open('forget'), await open('forget')];
    await stored(one, movies);
    const addresses = movies.map((key) => ({ key, tags: [] }));
    const before = (await other.read(addresses)).map(({ generations }) => generations.at(-1));
    expect(before.every((mark) => mark !== undefined)).toBe(true);
    await one.forget();
    const after = (await other.read(addresses)).map(({ generations }) => generations.at(-1));
    expect(after.filter((mark, index) => mark === before[index])).toEqual([]);
    await one.close();
    await other.close();
  });

  it('does not hold up its process while the epochs of all slots end', async () => {
    const store = await open('held-up');
    await store.forget();
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    await store.forget();
    delays.disable();
    expectTime(delays.max / 1e6).toBeLessThan(20);
    await store.close();
  });

  it('ends the epoch of a slot where an invalidation was lost, for other processes too', async () => {
    const proxies = await Promise.all(servers().primaries.map(({ port }) => tcpProxy(port)));
    const natMap = Object.fromEntries(
      servers().primaries.map(({ port }, index) => [
        `127.0.0.1:${port}`,
        { host: '127.0.0.1', port: proxies[index]?.port ?? 0 },
      ]),
    );
    const [one, other] = [await open('lost', { natMap }), await open('lost')];
    await stored(other, movies);
    const addresses = movies.map((key) => ({ key, tags: [] }));
    const names = clusterNames('lost', 'd1');
    const [lost, elsewhere] = [
      addresses.find(({ key }) => names.slotOf(key) < 5000),
      addresses.find(({ key }) => names.slotOf(key) > 12_000),
    ];
    if (lost === undefined || elsewhere === undefined) throw new Error('there are too few keys');
    const marks = async (): Promise<readonly (string | undefined)[]> =>
      (await other.read([lost, elsewhere])).map(({ generations }) => generations.at(-1));
    const [lostBefore, elsewhereBefore] = await marks();
    expect((await one.read([lost]))[0]?.bytes).toBeDefined();
    proxies[0]?.set({ blackHole: 'both' });
    await expect(one.invalidate([lost.key])).rejects.toThrow();
    // What lies on the other nodes is read meanwhile.
    expect((await one.read([lost, elsewhere])).map(({ bytes }) => bytes?.length)).toEqual([undefined, 1]);
    proxies[0]?.set({});
    await expect.poll(async () => (await marks())[0], { timeout: 15_000 }).not.toBe(lostBefore);
    expect((await marks())[1]).toBe(elsewhereBefore);
    await one.close();
    await other.close();
  }, 30_000);

  it('refuses strict copies, replicas for reads, and a journal that would change its entries', async () => {
    const store = redisStore(client(), { prefix: 'films' });
    expect(() => createCache({ store, strictCopies: true })).toThrow(
      'strictCopies needs a store with a log of invalidations, which processes share, and a Redis Cluster has none',
    );
    const replicas = client({ scaleReads: 'all' });
    expect(() => redisStore(replicas)).toThrow(
      'redisStore: the client has scaleReads, but a replica lags behind its primary',
    );
    const asReplica = client({
      redisOptions: Object.assign({}, { readOnly: true, keyPrefix: 'films:', stringNumbers: true }),
    });
    expect(() => redisStore(asReplica)).toThrow(/readOnly: true.*keyPrefix: "films:".*stringNumbers: true/s);
    expect(() =>
      redisStore(client({ redisOptions: Object.assign({}, { path: '/run/redis.sock', db: 0 }) })),
    ).toThrow('has a path');
    const single = new Redis({ lazyConnect: true });
    onTestFinished(() => single.disconnect());
    const journal = redisJournal(single, { storePrefix: 'films' });
    expect(() => createCache({ store, journal })).toThrow('leave storePrefix out');
    await store.close();
  });

  it('keeps no answers of whole operations, and says so once at the start', async () => {
    const saidWith = async (options: Pick<CacheOptions<unknown>, 'memo'>): Promise<readonly string[]> => {
      const log = cacheLog();
      const cache = createCache({ store: redisStore(client()), log, environment: 'test', ...options });
      onTestFinished(() => cache.close());
      await cache.start();
      return log.lines.filter((line) => line.includes('memo'));
    };
    expect(await saidWith({ memo: true })).toEqual([
      expect.stringMatching(
        /^warn the option memo keeps no answers, .+ \(docs\/memo\.md\) \{"store":"redis"\}$/,
      ),
    ]);
    expect(await saidWith({})).toEqual([]);
  });

  it('refuses a server that is part of no cluster', async () => {
    const single = await privateRedis();
    onTestFinished(() => single.stop());
    const cluster = new Cluster([{ host: '127.0.0.1', port: single.port }], { lazyConnect: true });
    onTestFinished(() => cluster.disconnect());
    const cache = createCache({ store: redisStore(cluster), log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    await expect(cache.start()).rejects.toThrow(
      `redisStore: Redis at 127.0.0.1:${single.port} is part of no cluster; pass new Redis(url) in the place of a Cluster`,
    );
  });

  it('follows a slot that moves, and ends what is invalidated while it does', async () => {
    const store = await open('moving');
    const [key = ''] = movies;
    const address = { key, tags: [] };
    await stored(store, [key]);
    const slot = await told(servers().primaries[0]?.port ?? 0, 'CLUSTER', 'KEYSLOT', `{${key}}`);
    const owners = await onEach(async (redis) => (await redis.cluster('COUNTKEYSINSLOT', Number(slot))) > 0);
    const from = servers().primaries[owners.indexOf(true)];
    const to = servers().primaries[owners.indexOf(false)];
    if (from === undefined || to === undefined) throw new Error('no node has the slot');
    const [fromId, toId] = [await told(from.port, 'CLUSTER', 'MYID'), await told(to.port, 'CLUSTER', 'MYID')];
    await told(to.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await told(from.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const keys = (await keysOf('moving')).filter((name) => name.includes(`{${key}}`));
    const generation = keys.find((name) => name.includes(':g:')) ?? '';
    // The generation is over there, the entry still here.
    await told(from.port, 'MIGRATE', '127.0.0.1', to.port, generation, 0, 1000);
    expect((await store.read([address]))[0]?.bytes).toBeUndefined();
    const unknown = { generations: undefined, bytes: undefined };
    const [load, lead] = await store.acquire([
      leaseRequest(address),
      leaseRequest(address, { onlyLease: true }),
    ]);
    expect([load, lead]).toEqual([
      { ...unknown, leased: false },
      { ...unknown, leased: true },
    ]);
    await store.invalidate([key]);
    // A node gives no slot away in which it still has keys; other tests of this file left some there.
    const left = await told(from.port, 'CLUSTER', 'GETKEYSINSLOT', slot, 1000);
    for (const name of left.split(',')) await told(from.port, 'MIGRATE', '127.0.0.1', to.port, name, 0, 1000);
    for (const { port } of servers().primaries) await told(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    await expect
      .poll(async () => (await store.read([address]))[0]?.generations.length, { timeout: 15_000 })
      .toBe(2);
    const [reading] = await store.read([address]);
    expect(reading?.generations[0]).toBeUndefined();
    // Nothing in the slot is read until its epoch has ended.
    const isStored = async (): Promise<boolean> => {
      await stored(store, [key]);
      return (await store.read([address]))[0]?.bytes !== undefined;
    };
    await expect.poll(isStored, { timeout: 15_000 }).toBe(true);
    await store.close();
  });

  it('binds the lease of what has no tags to its row alone, whatever is asked for with it', async () => {
    const store = await open('bound');
    const request = (key: string, token: string, tags: readonly string[]) => ({
      ...{ key, token, tags, leaseMs: 10_000, keepForMs: 10_000 },
    });
    const [first] = await store.acquire([request('Row:1', 'a', []), request('Row:2', 'a', ['Tag:1'])]);
    const [second] = await store.acquire([request('Row:1', 'b', [])]);
    expect([first?.leased, second?.leased]).toEqual([true, false]);
    await store.close();
  });

  it('does not bring back what a slot had on a node that it comes back to', async () => {
    const store = await open('back');
    const [key = ''] = movies;
    await stored(store, [key]);
    const markOf = async (): Promise<string | undefined> =>
      (await store.read([{ key, tags: [] }]))[0]?.generations.at(-1);
    const before = await markOf();
    const slot = Number(await told(servers().primaries[0]?.port ?? 0, 'CLUSTER', 'KEYSLOT', `{${key}}`));
    const owners = await onEach(async (redis) => (await redis.cluster('COUNTKEYSINSLOT', slot)) > 0);
    const from = servers().primaries[owners.indexOf(true)]?.port ?? 0;
    const to = servers().primaries[owners.indexOf(false)]?.port ?? 0;
    /** With its keys as they are, as if a replica that lagged had forgotten on the way what was invalidated. */
    const move = async (here: number, there: number): Promise<void> => {
      const [hereId, thereId] = [await told(here, 'CLUSTER', 'MYID'), await told(there, 'CLUSTER', 'MYID')];
      await told(there, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', hereId);
      await told(here, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', thereId);
      const keys = (await told(here, 'CLUSTER', 'GETKEYSINSLOT', slot, 1000)).split(',');
      for (const name of keys) await told(here, 'MIGRATE', '127.0.0.1', there, name, 0, 1000);
      await told(there, 'CLUSTER', 'SETSLOT', slot, 'NODE', thereId);
      for (const { port } of servers().primaries)
        await told(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', thereId);
    };
    await move(from, to);
    const isElsewhere = async (): Promise<boolean> => {
      await stored(store, [key]);
      return ![before, undefined].includes(await markOf());
    };
    await expect.poll(isElsewhere, { timeout: 10_000 }).toBe(true);
    await move(to, from);
    const isStored = async (): Promise<boolean> =>
      (await store.read([{ key, tags: [] }]))[0]?.bytes !== undefined;
    await expect.poll(isStored, { timeout: 10_000 }).toBe(true);
    expect(await markOf()).not.toBe(before);
    await store.close();
  }, 60_000);
});
