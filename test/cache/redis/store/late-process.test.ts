import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { tcpProxy, type TcpProxy } from '../../../support/servers/tcp-proxy.js';
import { rowCache } from '../../../support/worlds/row-cache.js';

const PREFIX = 'late';
const ROW = { key: 'Movie:1', tags: [] };

interface Named {
  readonly store: Store;
  /** Times its process was told that its copies may not be served. */
  readonly forgotten: () => number;
  /** From now on its name leads to the other server, as after a failover. */
  moves(): Promise<void>;
}

describe.skipIf(!needsRedis())('a process that changes its primary later than others', () => {
  async function twoServers() {
    const [first, second] = await Promise.all([privateRedis(), privateRedis()]);
    for (const server of [first, second]) onTestFinished(() => server.stop());
    return { first, second };
  }

  const storeBy = ({ port }: TcpProxy): Store =>
    redisStore(new Redis(port, { lazyConnect: true }), { prefix: PREFIX });

  const isUsed = (store: Store): Promise<void> =>
    vi.waitFor(() => expect(store.isAway?.()).toBe(false), { timeout: 10_000, interval: 5 });

  async function moved(store: Store, name: TcpProxy, { port }: PrivateRedis): Promise<void> {
    name.redirect(port);
    name.reset();
    await vi.waitFor(() => expect(store.isAway?.()).toBe(true), { timeout: 10_000, interval: 1 });
    await isUsed(store);
  }

  /** A process with a name of its own for the first server. */
  async function named({ first, second }: { first: PrivateRedis; second: PrivateRedis }): Promise<Named> {
    const name = await tcpProxy(first.port);
    const store = storeBy(name);
    const onForgotten = vi.fn<() => void>();
    await store.open?.({ digest: 'none', log: cacheLog(), onForgotten, caughtUp: async () => 'yes' });
    onTestFinished(() => store.close());
    await isUsed(store);
    onForgotten.mockClear();
    return {
      store,
      forgotten: () => onForgotten.mock.calls.length,
      moves: () => moved(store, name, second),
    };
  }

  async function stored({ store }: Named): Promise<void> {
    const [claim] = await store.acquire([{ ...ROW, token: 'token', leaseMs: 1000, keepForMs: 60_000 }]);
    const generations = claim?.generations ?? [];
    const fill = { ...ROW, bytes: Buffer.from('old'), generations, keepForMs: 60_000, token: 'token' };
    expect(await store.fill([fill])).toEqual(['stored']);
  }

  /** Whether what was stored under these generations is served. */
  async function counts({ store }: Named, generations: readonly unknown[]): Promise<boolean> {
    const [reading] = await store.read([ROW]);
    return JSON.stringify(reading?.generations) === JSON.stringify(generations);
  }

  async function generationsOf({ store }: Named): Promise<readonly unknown[]> {
    const [reading] = await store.read([ROW]);
    return reading?.generations ?? [];
  }

  it('ends what the others have stored since, where it had an invalidation acknowledged by the old one', async () => {
    const servers = await twoServers();
    const [early, late] = await Promise.all([named(servers), named(servers)]);
    await early.moves();
    await stored(early);
    const generations = await generationsOf(early);
    await late.store.invalidate([ROW.key]);
    await late.moves();
    for (const process of [early, late]) expect(await counts(process, generations)).toBe(false);
  });

  it('leaves the others what they have, where the old one was left by all before the new one was used', async () => {
    const servers = await twoServers();
    const [early, late] = await Promise.all([named(servers), named(servers)]);
    await late.store.invalidate([ROW.key]);
    const sinceMs = performance.now();
    await vi.waitFor(() => expect(performance.now() - sinceMs).toBeGreaterThan(200));
    await early.moves();
    await stored(early);
    const generations = await generationsOf(early);
    await late.moves();
    expect(await counts(early, generations)).toBe(true);
  });

  it('forgets its own copies, also where it has invalidated nothing, and leaves the others what they have', async () => {
    const servers = await twoServers();
    const [early, late] = await Promise.all([named(servers), named(servers)]);
    await early.moves();
    await stored(early);
    const generations = await generationsOf(early);
    expect(late.forgotten()).toBe(0);
    await late.moves();
    expect(late.forgotten()).toBe(1);
    expect(await counts(early, generations)).toBe(true);
  });

  it('reads nothing old, and nor do the others', async () => {
    const { first, second } = await twoServers();
    const versions = new Map<string, number>();
    const database = {
      load: (id: string) => Promise.resolve({ id, version: versions.get(id) ?? 1 }),
      write: (id: string) => {
        versions.set(id, (versions.get(id) ?? 1) + 1);
        return Promise.resolve(versions.get(id) ?? 1);
      },
    };
    const processes = await Promise.all(
      [0, 1].map(async () => {
        const name = await tcpProxy(first.port);
        const store = storeBy(name);
        const rows = rowCache({ store, database, strictCopies: true });
        await rows.cache.start();
        onTestFinished(() => rows.cache.close());
        await isUsed(store);
        return { ...rows, moves: () => moved(store, name, second) };
      }),
    );
    const [early, late] = processes;
    if (early === undefined || late === undefined) throw new Error('there are two processes');
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    for (const { read } of processes) await Promise.all(ids.map((id) => read('through', id)));
    await early.moves();
    await Promise.all(ids.map((id) => early.read('through', id)));
    await Promise.all(ids.map((id) => late.write(id)));
    await late.moves();
    const read = await Promise.all(
      processes.flatMap((process) => ids.map((id) => process.read('through', id))),
    );
    expect(read.filter((version) => version < 2)).toHaveLength(0);
  });
});
