import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Store } from '../../../../src/cache/index.js';
import { clusterNames } from '../../../../src/cache/redis/cluster/cluster-names.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { isAway, isPartlyAway } from '../../../../src/cache/store/store-away.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { told } from '../../../support/servers/private-cluster.js';
import { relayOf, rowsInMemory } from './rows-in-memory.js';
import { useCluster } from './use-cluster.js';

/** A cluster of one node that owns these slots. */
async function oneNode(to: number): Promise<PrivateRedis> {
  const node = await privateRedis('--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no');
  onTestFinished(() => node.stop());
  await told(node.port, 'CLUSTER', 'ADDSLOTSRANGE', 0, to);
  await expect.poll(() => told(node.port, 'CLUSTER', 'INFO')).toContain('cluster_state:ok');
  return node;
}

/** The port of a proxy to a server, which answers with other text of the same length. */
async function rewriting(port: number, rewrite: (text: string) => string): Promise<number> {
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    client.pipe(server);
    server.on('data', (chunk) => client.write(rewrite(chunk.toString('latin1')), 'latin1'));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const address = proxy.address();
  return isPlace(address) ? address.port : 0;
}

function isPlace(address: unknown): address is AddressInfo {
  return typeof address === 'object' && address !== null && 'port' in address;
}

function cacheOn(client: Cluster | Redis) {
  const log = cacheLog();
  const cache = createCache({ store: redisStore(client, { prefix: 'odd' }), log, environment: 'test' });
  onTestFinished(() => cache.close());
  return { cache, said: () => log.lines.join('\n') };
}

async function opened(client: Cluster): Promise<Store> {
  const store = redisStore(client, { prefix: 'odd' });
  onTestFinished(async () => store.close());
  await store.open?.({
    ...{ digest: 'd1', log: cacheLog(), onForgotten: () => undefined },
    caughtUp: () => Promise.resolve('yes'),
  });
  return store;
}

describe.skipIf(!needsRedis())('a cluster', () => {
  const { servers, client } = useCluster('unknown');

  it('of which one node is refused at the start leaves no connection to the others', async () => {
    const [first, refusing] = servers().primaries;
    const connections = async (): Promise<number> =>
      (await told(first?.port ?? 0, 'CLIENT', 'LIST', 'TYPE', 'NORMAL')).split('\n').length;
    const before = await connections();
    await told(refusing?.port ?? 0, 'ACL', 'SETUSER', 'default', '-eval');
    onTestFinished(async () => void (await told(refusing?.port ?? 0, 'ACL', 'SETUSER', 'default', '+eval')));
    const store = redisStore(client(), { prefix: 'refused' });
    const opening = store.open?.({
      ...{ digest: 'd1', log: cacheLog(), onForgotten: () => undefined },
      caughtUp: () => Promise.resolve('yes'),
    });
    await expect(opening).rejects.toThrow('does not let this user do what the cache needs');
    await expect.poll(connections).toBe(before);
  });

  it('with slots that no node owns is used where it has owners, and says so', async () => {
    const { port } = await oneNode(8191);
    const { cache, said } = cacheOn(new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true }));
    await cache.start();
    expect(said()).toContain(
      'no node owns 8192 of the 16384 slots: entries there, and those with a tag there, are always loaded from the origin, ' +
        'and rows of the outbox that name a tag there wait, together with rows beside them, so that writes are acknowledged ' +
        'as bounded, and every process is blind after blindAfterMs; give the slots to a node',
    );
    const loads = new Map<string, number>();
    const read = (key: string): Promise<string> =>
      cache.fetch(key, { ttl: 60 }, () => {
        loads.set(key, (loads.get(key) ?? 0) + 1);
        return 'loaded';
      });
    const keys = Array.from({ length: 40 }, (_, index) => `Row:${index}`);
    for (let round = 0; round < 3; round += 1) {
      expect(await Promise.all(keys.map(read))).toEqual(keys.map(() => 'loaded'));
    }
    const once = [...loads.values()].filter((count) => count === 1).length;
    expect(once).toBeGreaterThan(5);
    expect(once).toBeLessThan(35);
  });

  it('with slots that no node owns lets no write wait longer than where a node is away', async () => {
    const { port } = await oneNode(8191);
    const store = await opened(new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true }));
    const outbox = rowsInMemory();
    const relay = relayOf(store, outbox);
    const { slotOf } = clusterNames('any', 'none');
    const [without = ''] = Array.from({ length: 100 }, (_, index) => `Row:${index}`).filter(
      (row) => slotOf(row) > 8191,
    );
    await outbox.add([without]);
    const sinceMs = performance.now();
    expect(await relay.settled(500, 3000)).toBe(false);
    expectTime(performance.now() - sinceMs).toBeLessThan(2000);
    const againMs = performance.now();
    expect(await relay.settled(500, 3000)).toBe(false);
    expectTime(performance.now() - againMs).toBeLessThan(400);
    expect([isAway(store), isPartlyAway(store)]).toEqual([false, true]);
    await relay.close();
  });

  it('of which a node is not named as an owner by any other is partly away until one does', async () => {
    const [first, ...others] = servers().addresses;
    if (first === undefined) throw new Error('there is no cluster');
    let areWhole = true;
    const rewrite = (text: string): string =>
      areWhole ? text : text.replace('cluster_state:ok', 'cluster_state:no');
    const ports = new Map<string, number>();
    for (const { port } of others) ports.set(`127.0.0.1:${port}`, await rewriting(port, rewrite));
    const natMap = (name: string): { host: string; port: number } => ({
      host: '127.0.0.1',
      port: ports.get(name) ?? placeOf(name).port,
    });
    const store = await opened(client({ natMap }));
    expect(isPartlyAway(store)).toBe(false);
    areWhole = false;
    await expect.poll(() => isPartlyAway(store), { timeout: 5000 }).toBe(true);
    expect(isAway(store)).toBe(false);
    areWhole = true;
    await expect.poll(() => isPartlyAway(store), { timeout: 5000 }).toBe(false);
  });

  it('whose nodes run different versions says so', async () => {
    const [first] = servers().addresses;
    if (first === undefined) throw new Error('there is no cluster');
    const port = await rewriting(first.port, (text) => text.replace(/redis_version:\d/, 'redis_version:9'));
    const options = {
      natMap: (name: string) =>
        name === `127.0.0.1:${first.port}` ? { host: '127.0.0.1', port } : placeOf(name),
    };
    const { cache, said } = cacheOn(client(options));
    await cache.start();
    expect(said()).toMatch(/its nodes run different versions \(7[.\d]+, 9[.\d]+\), .*; have all run one/);
  });

  it('that a proxy hides behind one address is refused', async () => {
    const { port, url } = await oneNode(16_383);
    const { cache } = cacheOn(new Redis(url, { lazyConnect: true }));
    await expect(cache.start()).rejects.toThrow(
      `redisStore: Redis at 127.0.0.1:${port} is part of a cluster; pass new Cluster([{ host, port }]) of ioredis`,
    );
  });
});

function placeOf(name: string): { host: string; port: number } {
  const [host = '', port = ''] = name.split(':');
  return { host, port: Number(port) };
}
