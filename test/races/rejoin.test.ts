import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Store } from '../../src/cache/index.js';
import { freePort } from '../support/free-port.js';
import { memoryOutbox } from '../../src/cache/testing/index.js';
import { needsRedis } from '../support/needs.js';
import { withoutBarrier } from '../support/stores/planted-stores.js';
import { redisClient } from '../support/servers/redis-client.js';
import { privateTestedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { privateRedisAt } from '../support/private-redis.js';
import { rowCache, type RowCache } from '../support/worlds/row-cache.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectTime } from '../support/run/expect-time.js';

const HEALS_WITHIN_MS = 6000;
const ROWS = Array.from({ length: 500 }, (_, index) => `${index + 1}`);

/** Rows in this process, which others change as well. */
function rowDatabase() {
  const versions = new Map<string, number>();
  const versionOf = (id: string): number => versions.get(id) ?? 1;
  return {
    load: (id: string) => Promise.resolve({ id, version: versionOf(id) }),
    write: (id: string) => {
      versions.set(id, versionOf(id) + 1);
      return Promise.resolve(versionOf(id));
    },
  };
}

const storeAt = (url: string): Store => redisStore(redisClient(url), { prefix: 'rejoin' });

function signal({ servers }: TestedRedis, name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const { pid } of servers) process.kill(pid, name);
}

describe.skipIf(!needsRedis())('a process that reaches Redis again', () => {
  /** What it answers after somebody else committed, and died before any process could apply it. */
  async function answeredAfter(
    plant: (store: Store) => Store,
    doesDatabaseAnswer: boolean,
  ): Promise<unknown> {
    const server = await privateTestedRedis();
    onTestFinished(() => server.stop());
    const rows = memoryOutbox();
    await rows.outbox().register();
    const database = rowDatabase();
    const { cache, read } = rowCache({ store: plant(storeAt(server.url)), database, outbox: rows.outbox() });
    await cache.start();
    onTestFinished(() => cache.close());
    await expect
      .poll(async () => [await read('through', '1'), cache.stats.counters()['Query.through']?.hits])
      .toEqual([1, 1]);
    signal(server, 'SIGSTOP');
    await database.write('1');
    rows.answers(doesDatabaseAnswer);
    rows.commit(['Row:1'], false);
    expect(await read('through', '2')).toBe(1);
    await expect.poll(() => cache.stats.storeIsAway(), { interval: 1 }).toBe(true);
    signal(server, 'SIGCONT');
    await expect.poll(() => cache.stats.storeIsAway(), { timeout: HEALS_WITHIN_MS, interval: 1 }).toBe(false);
    const loadsOf = (): number => cache.stats.counters()['Query.through']?.loads ?? 0;
    const before = loadsOf();
    const version = await read('through', '1');
    // What was not touched is still there, where it could be found out that nothing else was.
    await read('through', '2');
    return { version, undone: rows.undone.length, loads: loadsOf() - before };
  }

  const asItIs = (store: Store): Store => store;

  it('applies what was committed meanwhile before it serves anything, and keeps the rest', async () => {
    expect(await answeredAfter(asItIs, true)).toMatchObject({ version: 2, undone: 0 });
  });

  it('forgets everything where that cannot be found out', async () => {
    expect(await answeredAfter(asItIs, false)).toMatchObject({ version: 2, undone: 1, loads: 2 });
  });

  it('would serve what is outdated, if it did not look', async () => {
    expect(await answeredAfter(withoutBarrier, false)).toMatchObject({ version: 1 });
  });
});

describe.skipIf(!needsRedis())(
  'a process that starts while Redis is away, after nobody wrote rows for it',
  () => {
    it('serves nothing of what Redis still has once it is back', async () => {
      const server = await privateTestedRedis();
      onTestFinished(() => server.stop());
      const database = rowDatabase();
      const before = rowCache({ store: storeAt(server.url), database });
      await before.cache.start();
      expect(await before.read('through', '1')).toBe(1);
      await before.cache.close();
      // Written while no process ran, and its rows are gone with the store's registration.
      await database.write('1');
      signal(server, 'SIGSTOP');
      const outbox = memoryOutbox().outbox();
      const after = rowCache({ store: storeAt(server.url), database, outbox });
      await after.cache.start();
      onTestFinished(() => after.cache.close());
      signal(server, 'SIGCONT');
      await expect.poll(() => after.cache.stats.storeIsAway(), { timeout: HEALS_WITHIN_MS }).toBe(false);
      expect(await after.read('through', '1')).toBe(2);
    });
  },
);

/** A client that takes every server for the same. */
class BlindRedis extends Redis {
  override duplicate(...options: Parameters<Redis['duplicate']>): Redis {
    const client = super.duplicate(...options);
    const info = client.info.bind(client);
    const blind = async (section: string): Promise<string> =>
      (await info(section)).replace(/(run_id|master_replid):\w+/g, `$1:${'0'.repeat(40)}`);
    Object.defineProperty(client, 'info', { value: blind });
    return client;
  }
}

describe.skipIf(!needsRedis())('a Redis that was restarted from a snapshot taken before 500 changes', () => {
  /** Reads of everything after the restart that were less than what had been acknowledged. */
  async function staleAfterRestart(redisAt: (url: string) => Redis, strictCopies = false) {
    const port = await freePort();
    const settings = ['--dir', await temporaryFolder(), '--dbfilename', 'saved.rdb'];
    const before = await privateRedisAt(port, ...settings);
    onTestFinished(() => before.stop());
    const database = rowDatabase();
    const caches = Array.from({ length: 2 }, () =>
      rowCache({
        store: redisStore(redisAt(before.url), { prefix: 'rejoin' }),
        database,
        strictCopies,
        // All rows are read at once, also while Redis is away.
        loads: { atMostWithoutStore: ROWS.length },
      }),
    );
    await Promise.all(caches.map(({ cache }) => cache.start()));
    onTestFinished(async () => void (await Promise.all(caches.map(({ cache }) => cache.close()))));
    const readAll = async ({ read }: RowCache): Promise<number[]> =>
      Promise.all(ROWS.map((id) => read('through', id)));
    for (const cache of caches) await readAll(cache);
    const client = new Redis(before.url);
    await client.save();
    client.disconnect();
    for (const [index, id] of ROWS.entries()) await caches[index % 2]?.write(id);
    for (const cache of caches) expect(await readAll(cache)).toEqual(ROWS.map(() => 2));
    await before.stop();
    const after = await privateRedisAt(port, ...settings);
    onTestFinished(() => after.stop());
    const readyAtMs = performance.now();
    let [usedAfterMs, stale] = [Infinity, 0];
    const isAway = (): boolean => caches.some(({ cache }) => cache.stats.storeIsAway());
    const watched = (async () => {
      while (isAway() && performance.now() < readyAtMs + HEALS_WITHIN_MS) await passes(2);
      if (!isAway()) usedAfterMs = performance.now() - readyAtMs;
    })();
    const readStale = async (): Promise<void> => {
      for (const cache of caches) stale += (await readAll(cache)).filter((version) => version < 2).length;
    };
    while (usedAfterMs === Infinity && performance.now() < readyAtMs + HEALS_WITHIN_MS) {
      await readStale();
      await passes(5);
    }
    await watched;
    await readStale();
    return { usedAfterMs, stale };
  }

  const redisAt = (url: string): Redis => new Redis(url, { lazyConnect: true });

  it.each([false, true])(
    'serves nothing of it, and is used again within 2 s (strict copies: %s)',
    async (strict) => {
      const { usedAfterMs, stale } = await staleAfterRestart(redisAt, strict);
      process.stdout.write(
        `restarted from an old snapshot: used again after ${Math.round(usedAfterMs)} ms\n`,
      );
      expect(stale).toBe(0);
      expectTime(usedAfterMs).toBeLessThanOrEqual(2000);
    },
  );

  it('would serve hundreds, if the run of the server were not compared', async () => {
    // A first attempt to come back that fails has everything forgotten, as it may on a busy machine: then once more.
    let stale = 0;
    for (let times = 0; times < 5 && stale <= 100; times += 1)
      ({ stale } = await staleAfterRestart((url) => new BlindRedis(url, { lazyConnect: true })));
    expect(stale).toBeGreaterThan(100);
  });
});
