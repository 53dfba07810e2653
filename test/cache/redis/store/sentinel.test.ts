import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCache, type Cache, type Store } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { createRedisStore } from '../../../../src/redis/create-redis-store.js';
import { cacheLog } from '../../../support/cache-log.js';
import { freePort } from '../../../support/free-port.js';
import { CheckedLoad } from '../../../support/load/checked-load.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, privateRedisAt } from '../../../support/private-redis.js';
import { checkedProcess } from '../../../support/processes/checked-process.js';
import { NAME, sentinel, watchedRedis } from '../../../support/servers/watched-redis.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { expectTime } from '../../../support/run/expect-time.js';

const isLong = process.env['ATTACKS'] === 'long';
/** Checked reads after the failover. */
const READS = isLong ? 20_000 : 400;
/** Reads before the primary is killed. */
const BEFORE = isLong ? 1000 : 100;
/** The long form reads for minutes. */
const FAILOVER = { timeout: isLong ? 600_000 : 60_000 };
const ROWS = 60;
/** Every row depends on one of these as well. */
const TAGS = 6;

function cacheOf(store: Store): Cache<unknown> {
  const cache = createCache({ store, log: cacheLog(), environment: 'test' });
  onTestFinished(() => cache.close());
  return cache;
}

async function started(url: string): Promise<Cache<unknown>> {
  const cache = cacheOf(createRedisStore(url, 'films'));
  await cache.start();
  return cache;
}

const refusal = (url: string): Promise<string> =>
  started(url).then(
    () => 'none',
    (error: unknown) => String(error),
  );

describe.skipIf(!needsRedis())('a store that sentinels find', () => {
  interface Failover {
    /** Checked reads afterwards. */
    readonly reads: number;
    /** What becomes of the primary: it dies, or it sleeps, and wakes up when another one has taken over. */
    readonly primary: 'killed' | 'asleep';
    readonly plant?: 'one-history';
  }

  /** Two processes read and write while the sentinels promote a replica that lags, by themselves. */
  async function failedOver({ reads, primary, plant }: Failover) {
    const [watched, database] = await Promise.all([watchedRedis({ replicas: 2 }), privateRedis()]);
    onTestFinished(() => database.stop());
    const settings = { cacheUrl: watched.url, rowsUrl: database.url, plant };
    const processes = await Promise.all([checkedProcess(settings), checkedProcess(settings)]);
    const rows = Array.from({ length: ROWS }, (_, row) => ({
      key: `Row:${row}`,
      tags: [`Tag:${row % TAGS}`],
    }));
    const load = new CheckedLoad({ processes, rows });
    await load.readAll();
    watched.cutReplica();
    // The replicas have the entries, and never hear that they have ended.
    await load.writeAll();
    load.begin();
    await load.more(BEFORE);
    const diedAtMs = performance.now();
    if (primary === 'killed') await watched.primary.stop();
    else process.kill(watched.primary.pid, 'SIGSTOP');
    await watched.promoted();
    // It wakes up as a primary, until the sentinels tell it otherwise.
    if (primary === 'asleep') process.kill(watched.primary.pid, 'SIGCONT');
    const promotedAtMs = performance.now();
    const usedAfterMs = await load.usedAgain(() => true, promotedAtMs);
    await load.more(reads);
    await load.end();
    const { counts, evidence } = load;
    const times = `promoted after ${(promotedAtMs - diedAtMs).toFixed()} ms, used ${usedAfterMs.toFixed()} ms later`;
    process.stdout.write(`sentinels, a primary ${primary}: ${times}, ${JSON.stringify(counts)}\n`);
    return { counts, evidence, usedAfterMs };
  }

  async function isSafe(failover: Failover): Promise<void> {
    const { counts, evidence, usedAfterMs } = await failedOver(failover);
    expect({ ...counts, evidence }).toMatchObject({ stale: 0, errors: 0, evidence: [] });
    expectTime(usedAfterMs).toBeLessThan(10_000);
  }

  it('serves nothing stale when sentinels have promoted a replica that lags', FAILOVER, () =>
    isSafe({ reads: READS, primary: 'killed' }),
  );

  if (isLong)
    it('serves nothing stale where the old primary has only slept', FAILOVER, () =>
      isSafe({ reads: READS, primary: 'asleep' }),
    );

  if (isLong)
    it('would serve what the replica has missed if its history were not looked at', FAILOVER, async () => {
      const { counts } = await failedOver({ reads: 400, primary: 'killed', plant: 'one-history' });
      expect(counts.stale).toBeGreaterThan(0);
    });

  it('leaves a primary that lives on, also where no sentinel has told it of the failover', async () => {
    const watched = await watchedRedis();
    const links = await Promise.all(watched.sentinels.map(({ port }) => tcpProxy(port)));
    const sentinels = links.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = new Redis({ sentinels, name: NAME, updateSentinels: false, lazyConnect: true });
    const cache = cacheOf(redisStore(client, { prefix: 'films' }));
    await cache.start();
    const [old, next] = [new Redis(watched.primary.url), new Redis(watched.replica.url)];
    onTestFinished(() => [old, next].forEach((one) => one.disconnect()));
    const isListenedTo = async (server: Redis): Promise<boolean> =>
      (await server.pubsub('CHANNELS', 'films:*')).length > 0;
    await vi.waitFor(async () => expect(await isListenedTo(old)).toBe(true));
    for (const link of links) link.set({ blackHole: 'both', blackHoleOf: 'open' });
    await watched.failOver();
    const sinceMs = performance.now();
    const isAtNext = async (): Promise<void> => {
      expect(await isListenedTo(next)).toBe(true);
      expect(cache.stats.storeIsAway()).toBe(false);
    };
    await vi.waitFor(isAtNext, { timeout: 20_000, interval: 50 });
    // After eight seconds the sentinels make a replica of the old one, and end its connections.
    const usedAfterMs = performance.now() - sinceMs;
    expect(await isListenedTo(old)).toBe(false);
    expectTime(usedAfterMs).toBeLessThan(4000);
  });

  it('is used as soon as there is a primary', async () => {
    const port = await freePort();
    const sentinels = [await sentinel({ watched: port })];
    const cache = await started(`redis+sentinel://127.0.0.1:${sentinels[0]}/${NAME}`);
    expect(cache.stats.storeIsAway()).toBe(true);
    expect(await cache.fetch('Row:1', { ttl: 60 }, () => 'loaded')).toBe('loaded');
    const primary = await privateRedisAt(port);
    onTestFinished(() => primary.stop());
    await expect.poll(() => cache.stats.storeIsAway(), { timeout: 10_000 }).toBe(false);
  });

  it('leaves the console alone while a sentinel is dead', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    onTestFinished(() => printed.mockRestore());
    const primary = await privateRedis();
    onTestFinished(() => primary.stop());
    const live = await sentinel({ watched: primary.port });
    const cache = await started(`redis+sentinel://127.0.0.1:1,127.0.0.1:${live}/${NAME}`);
    await expect.poll(() => cache.stats.storeIsAway(), { timeout: 10_000 }).toBe(false);
    const sinceMs = performance.now();
    await vi.waitFor(() => expect(performance.now() - sinceMs).toBeGreaterThan(1500), { timeout: 3000 });
    // Once by ioredis, when it connects to them all.
    expect(printed.mock.calls.length).toBeLessThan(2);
  });

  it('leaves reads to the origin while there is no sentinel', async () => {
    const cache = await started(`redis+sentinel://127.0.0.1:1,127.0.0.1:2/${NAME}`);
    expect(cache.stats.storeIsAway()).toBe(true);
    expect(await cache.fetch('Row:1', { ttl: 60 }, () => 'loaded')).toBe('loaded');
  });

  it('is refused at the start where the sentinels do not know the primary', async () => {
    const port = await sentinel();
    expect(await refusal(`redis+sentinel://:secret@127.0.0.1:1,127.0.0.1:${port}/${NAME}`)).toBe(
      `CacheError: redisStore: Redis primary films of the sentinels 127.0.0.1:1, 127.0.0.1:${port} is known to none of those ` +
        'that answer; check its name, and that they monitor it',
    );
  });
});

describe.skipIf(!needsRedis())('a replica', () => {
  it('is refused at the start', async () => {
    const replica = await privateRedis('--replicaof', '127.0.0.1', '1');
    onTestFinished(() => replica.stop());
    expect(await refusal(replica.url)).toBe(
      `CacheError: redisStore: Redis at 127.0.0.1:${replica.port} is a replica, which lags behind its primary and takes no ` +
        'invalidation; name the primary instead',
    );
  });
});
