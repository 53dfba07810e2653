import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Store } from '../../../../src/cache/index.js';
import { acquireOnCluster } from '../../../../src/cache/redis/cluster/cluster-claims.js';
import { clusterNames } from '../../../../src/cache/redis/cluster/cluster-names.js';
import { ClusterNodes } from '../../../../src/cache/redis/cluster/cluster-nodes.js';
import { OwedSlots } from '../../../../src/cache/redis/cluster/owed-slots.js';
import { SlotMarks } from '../../../../src/cache/redis/cluster/slot-marks.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { isAway } from '../../../../src/cache/store/store-away.js';
import { cacheLog } from '../../../support/cache-log.js';
import { freePort } from '../../../support/free-port.js';
import { createGate } from '../../../support/gate.js';
import { needsRedis } from '../../../support/needs.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { tcpProxy, type TcpProxy } from '../../../support/servers/tcp-proxy.js';
import { generationsFor, leaseRequest } from '../../../support/stores/generations-for.js';
import { relayOf, rowsInMemory } from './rows-in-memory.js';
import { useCluster } from './use-cluster.js';

describe.skipIf(!needsRedis())('a Redis Cluster that has lost a node', () => {
  const { servers, client, open } = useCluster('yes');

  async function proxied(): Promise<{
    proxies: TcpProxy[];
    natMap: Record<string, { host: string; port: number }>;
  }> {
    const proxies = await Promise.all(servers().primaries.map(({ port }) => tcpProxy(port)));
    const natMap = Object.fromEntries(
      servers().primaries.map(({ port }, index) => [
        `127.0.0.1:${port}`,
        { host: '127.0.0.1', port: proxies[index]?.port ?? 0 },
      ]),
    );
    return { proxies, natMap };
  }

  const { slotOf } = clusterNames('any', 'none');
  /** Of three that own a third of the slots each. */
  const nodeOf = (row: string): number => Math.floor((slotOf(row) * 3) / 16_384);
  const rows = Array.from({ length: 600 }, (_, index) => `Row:${index}`);
  const rowsOn = (node: number): readonly string[] => rows.filter((row) => nodeOf(row) === node);

  async function stored(store: Store, keys: readonly string[]): Promise<void> {
    const addresses = keys.map((key) => ({ key, tags: [] }));
    const all = await generationsFor(store, addresses);
    const bytes = Buffer.from('x');
    await store.fill(
      addresses.map((address, index) => ({
        ...address,
        ...{ bytes, generations: all[index] ?? [], keepForMs: 60_000 },
      })),
    );
  }

  it.each([
    ['keeps all but the row that waited in the outbox meanwhile, also of what lies on that node', 1],
    ['does so where this process has lost all nodes', 3],
  ])(
    '%s',
    async (_, count) => {
      const { proxies, natMap } = await proxied();
      const lost = proxies.slice(0, count);
      const outbox = rowsInMemory();
      const cache = createCache({
        ...{ store: redisStore(client({ natMap }), { prefix: `kept-${count}` }), outbox },
        ...{ log: cacheLog(), environment: 'test' },
      });
      onTestFinished(() => cache.close());
      await cache.start();
      let loads = 0;
      const read = (row: string): Promise<number> => cache.fetch(row, { ttl: 600 }, () => (loads += 1));
      const isHit = async (row: string): Promise<boolean> => {
        const before = loads;
        await read(row);
        return loads === before;
      };
      const [there = '', ...beside] = rowsOn(0).slice(0, 6);
      const others = [...beside, ...rowsOn(1).slice(0, 5), ...rowsOn(2).slice(0, 5)];
      for (const row of [there, ...others]) await expect.poll(() => isHit(row)).toBe(true);
      for (const proxy of lost) proxy.set({ blackHole: 'both' });
      await outbox.add([there]);
      const isLost = async (): Promise<boolean> => {
        const hits = await Promise.all([there, ...others].map(isHit));
        return hits.filter((is) => !is).length >= count * 5;
      };
      await expect.poll(isLost).toBe(true);
      for (const proxy of lost) proxy.set({});
      await expect.poll(() => isHit(there), { timeout: 20_000 }).toBe(true);
      expect(await Promise.all(others.map(isHit))).toEqual(others.map(() => true));
      await expect.poll(() => outbox.rows.length, { timeout: 10_000 }).toBe(0);
    },
    60_000,
  );

  it('ends every tag that lies elsewhere, and the epochs of all slots where one was missed', async () => {
    const { proxies, natMap } = await proxied();
    const [one, other] = [await open('parts', { natMap }), await open('parts')];
    const addresses = rows.map((key) => ({ key, tags: [] }));
    await stored(other, rows);
    const read = (): Promise<readonly { bytes?: unknown; mark: string | undefined }[]> =>
      Promise.resolve(other.read(addresses)).then((all) =>
        all.map(({ bytes, generations }) => ({ bytes, mark: generations.at(-1) })),
      );
    const before = await read();
    expect(before.filter(({ bytes }) => bytes === undefined)).toEqual([]);
    proxies[0]?.set({ blackHole: 'both' });
    await expect(one.invalidate(rows)).rejects.toThrow();
    const left = (await read()).flatMap(({ bytes }, index) =>
      bytes === undefined ? [] : [rows[index] ?? ''],
    );
    expect(left.filter((row) => nodeOf(row) !== 0)).toEqual([]);
    proxies[0]?.set({});
    const unended = async (): Promise<number> =>
      (await read()).filter(
        ({ mark }, index) => nodeOf(rows[index] ?? '') === 0 && mark === before[index]?.mark,
      ).length;
    await expect.poll(unended, { timeout: 15_000 }).toBe(0);
  }, 60_000);

  it('takes no lease of a row away where a node of one of its tags does not answer', async () => {
    const { proxies, natMap } = await proxied();
    const [one, other] = [await open('leases'), await open('leases', { natMap })];
    const [[key = ''], [tag = '']] = [rowsOn(0), rowsOn(1)];
    const lease = { ...leaseRequest({ key, tags: [tag] }), leaseMs: 60_000 };
    expect((await one.acquire([lease]))[0]?.leased).toBe(true);
    proxies[1]?.set({ blackHole: 'both' });
    const [refused] = await other.acquire([leaseRequest({ key, tags: [tag] })]);
    expect(refused).toMatchObject({ generations: undefined, leased: false });
    expect(await one.renew([{ ...lease, leaseMs: 60_000 }])).toEqual([true]);
  });

  it('has no rejection that nobody handles when leases cannot be asked for', async () => {
    const nodes = new ClusterNodes(client(), { commandTimeoutMs: 100, connectTimeoutMs: 500 });
    onTestFinished(() => nodes.close());
    const names = clusterNames('claims', 'none');
    let asked = 0;
    const failing = {
      ...names,
      slotOf: (row: string): number => {
        asked += 1;
        if (asked === 1) throw new Error('no slot');
        return names.slotOf(row);
      },
    };
    const requests = [{ key: 'Row:1', tags: [], token: 't', leaseMs: 1000, keepForMs: 1000 }];
    const acquired = acquireOnCluster({
      ...{ nodes, names: failing, marks: new SlotMarks(), owed: new OwedSlots() },
      ...{ nextNonce: () => 'n', requests },
    });
    await expect(acquired).rejects.toThrow('no slot');
  });

  it('goes on looking where natMap throws for a node, and has that node once it does not', async () => {
    const nowhere = { host: '127.0.0.1', port: await freePort() };
    const [, second] = servers().primaries;
    let says: 'nothing' | 'all but one' | 'all' = 'nothing';
    const natMap = (name: string): { host: string; port: number } | null => {
      if (says === 'nothing') return nowhere;
      if (says === 'all but one' && name === `127.0.0.1:${second?.port}`) throw new Error('no such name');
      return null;
    };
    const other = await open('names');
    const [[first = ''], [behind = '']] = [rowsOn(0), rowsOn(1)];
    await stored(other, [first, behind]);
    const store = await open('names', { natMap });
    const read = async (key: string): Promise<number | undefined> =>
      (await store.read([{ key, tags: [] }]))[0]?.bytes?.length;
    says = 'all but one';
    await expect.poll(() => read(first).catch(() => 'away'), { timeout: 10_000 }).toBe(1);
    await expect(read(behind)).rejects.toThrow('away');
    says = 'all';
    await expect.poll(() => read(behind).catch(() => 'away'), { timeout: 10_000 }).toBe(1);
  }, 30_000);

  it('lets no write wait longer for what cannot be applied than where all of it is away', async () => {
    const { proxies, natMap } = await proxied();
    const store = await open('waits', { natMap });
    const [there = ''] = rowsOn(0);
    const outbox = rowsInMemory();
    const relay = relayOf(store, outbox);
    await outbox.add([there]);
    expect(await relay.settled(500, 3000)).toBe(true);
    proxies[0]?.set({ blackHole: 'both' });
    await expect(store.invalidate([there])).rejects.toThrow();
    await outbox.add([there]);
    const sinceMs = performance.now();
    expect(await relay.settled(500, 3000)).toBe(false);
    expectTime(performance.now() - sinceMs).toBeLessThan(2000);
    expect(isAway(store)).toBe(false);
    await relay.close();
  }, 30_000);

  it.each([
    { lost: 'a tag', rowOn: 1, tagOn: 0 },
    { lost: 'the row', rowOn: 0, tagOn: 1 },
  ])(
    'makes one load at a time of what depends on a node that is away, where that has $lost, and stores nothing',
    async ({ rowOn, tagOn }) => {
      const { proxies, natMap } = await proxied();
      const prefix = `ticks-${rowOn}`;
      const [store, other] = [redisStore(client({ natMap }), { prefix }), await open(prefix)];
      const cache = createCache({ store, log: cacheLog(), environment: 'test' });
      onTestFinished(() => cache.close());
      await cache.start();
      const [[hot = ''], [tag = ''], beside] = [rowsOn(rowOn), rowsOn(tagOn), rowsOn(2)];
      proxies[0]?.set({ blackHole: 'both' });
      await expect(store.invalidate([rowOn === 0 ? hot : tag])).rejects.toThrow();
      const gate = createGate();
      let [loads, running, most] = [0, 0, 0];
      const load = async (): Promise<string> => {
        loads += 1;
        running += 1;
        most = Math.max(most, running);
        await gate.wait();
        running -= 1;
        return 'loaded';
      };
      const reads: Promise<string>[] = [];
      // Each of another tick; beside it, an entry that can be had.
      for (const row of beside.slice(0, 50)) {
        reads.push(cache.fetch(hot, { ttl: 60, tags: [tag] }, load));
        await cache.fetch(row, { ttl: 60 }, () => 'beside');
      }
      await gate.arrived();
      gate.open();
      expect(new Set(await Promise.all(reads))).toEqual(new Set(['loaded']));
      expect({ most, loads }).toEqual({ most: 1, loads: 2 });
      expect((await other.read([{ key: hot, tags: [tag] }]))[0]?.bytes).toBeUndefined();
    },
    30_000,
  );

  it('has at most 32 loads at once of entries that depend on a node that is away', async () => {
    const { proxies, natMap } = await proxied();
    const store = redisStore(client({ natMap }), { prefix: 'many' });
    const cache = createCache({ store, log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    await cache.start();
    const [tag = ''] = rowsOn(0);
    proxies[0]?.set({ blackHole: 'both' });
    await expect(store.invalidate([tag])).rejects.toThrow();
    const gate = createGate();
    let [running, most] = [0, 0];
    const reads = rowsOn(1)
      .slice(0, 100)
      .map((row) =>
        cache.fetch(row, { ttl: 60, tags: [tag] }, async () => {
          running += 1;
          most = Math.max(most, running);
          await gate.wait();
          running -= 1;
        }),
      );
    await cache.fetch(rowsOn(2)[0] ?? '', { ttl: 60 }, () => 'beside');
    await gate.arrived();
    gate.open();
    await Promise.all(reads);
    expect(most).toBeLessThanOrEqual(32);
  }, 30_000);

  it('keeps the leases of entries that lie elsewhere, however many others there are', async () => {
    const { proxies, natMap } = await proxied();
    const [store, other] = [await open('renewed', { natMap }), await open('renewed')];
    const lease = (key: string) => ({
      key,
      tags: [],
      token: `token of ${key}`,
      leaseMs: 10_000,
      keepForMs: 10_000,
    });
    const leases = [...rowsOn(0), ...rowsOn(1).slice(0, 120)].map(lease);
    const leased = await store.acquire(leases);
    expect(leased.filter((one) => !one.leased)).toEqual([]);
    proxies[0]?.set({ blackHole: 'both' });
    const [first] = leases;
    await expect(store.invalidate([first?.key ?? ''])).rejects.toThrow();
    const lost = leases.at(-1);
    if (lost !== undefined) await other.release([lost]);
    const renewed = await store.renew(leases.map((one) => ({ ...one, leaseMs: 60_000 })));
    expect(renewed).toEqual(leases.map((one) => (nodeOf(one.key) === 0 ? undefined : one !== lost)));
  }, 30_000);

  it('keeps no query waiting while no node is known', async () => {
    const { proxies, natMap } = await proxied();
    for (const proxy of proxies) proxy.set({ blackHole: 'both' });
    const store = redisStore(client({ natMap }), { prefix: 'unknown', connectTimeoutMs: 1000 });
    onTestFinished(async () => store.close());
    const caughtUp = (): Promise<'yes'> => Promise.resolve('yes');
    await store.open?.({ digest: 'd1', log: cacheLog(), onForgotten: () => undefined, caughtUp });
    const sinceMs = performance.now();
    const addresses = [{ key: 'Row:1', tags: [] }];
    await expect(Promise.resolve(store.read(addresses))).rejects.toThrow('away');
    expectTime(performance.now() - sinceMs).toBeLessThan(500);
    await expect(Promise.resolve(store.health?.())).rejects.toThrow('no node of the cluster is known');
    for (const proxy of proxies) proxy.set({});
    const answers = async (): Promise<boolean> => {
      const [reading] = await store.read(addresses);
      return reading !== undefined;
    };
    await expect.poll(() => answers().catch(() => false), { timeout: 15_000 }).toBe(true);
  }, 30_000);
});
