import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCache, memoryStore, type CacheOptions } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { Background } from '../../src/cache/stampede/background.js';
import { SingleFlight } from '../../src/cache/stampede/single-flight.js';
import { cacheLog } from '../support/cache-log.js';
import { manualClock } from '../support/manual-clock.js';
import { needsRedis } from '../support/needs.js';
import { openLoop } from '../support/load/open-loop.js';
import { redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { expectTime } from '../support/run/expect-time.js';

const isLong = process.env['FAULTS_LONG'] === 'yes';
const CYCLES = isLong ? 20 : 3;
const LOAD_MS = 300;
/** Reads that waited for a load, and not only for their turn: a command that was sent at the same time took so much less. */
const STALLED_MS = LOAD_MS / 2;
/** What no read should take; a shared machine takes it now and then for itself, so it is told and not judged. */
const SLOW_MS = 50;
/** An entry that is fresh for a second and is loaded in 300 ms expires this often at most. */
const CYCLE_MS = 1000 + LOAD_MS;

describe.skipIf(!needsRedis())('a hot entry that expires in front of two processes', () => {
  let server: TestedRedis;

  beforeAll(async () => {
    server = await testedRedis();
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => server.stop());

  async function oneCache(prefix: string) {
    const store = redisStore(redisClient(server.url), { prefix });
    const cache = createCache({ store, environment: 'test', log: cacheLog() });
    await cache.start();
    onTestFinished(() => cache.close());
    return cache;
  }

  /** How many loads there were for each expiry, and how many reads had to wait, at a steady rate over both. */
  async function underSteadyLoad(perSecond: number, prefix: string) {
    const caches = [await oneCache(prefix), await oneCache(prefix)] as const;
    const loadsAtMs: number[] = [];
    const load = async (): Promise<number> => {
      loadsAtMs.push(performance.now());
      await passes(LOAD_MS);
      return loadsAtMs.length;
    };
    const read = (number: number): Promise<number> =>
      caches[number % 2 === 0 ? 0 : 1].fetch(`Hot:${perSecond}`, { ttl: 1, swr: 1 }, load);
    await read(0);
    loadsAtMs.length = 0;
    const reference = redisClient(server.url);
    onTestFinished(() => reference.disconnect());
    const since = async (atMs: number, work: Promise<unknown>): Promise<number> => {
      await work;
      return performance.now() - atMs;
    };
    const latenciesMs: number[] = [];
    let stalled = 0;
    await openLoop({
      perSecond,
      ask: async () => {
        const nowMs = performance.now();
        const pinged = since(nowMs, reference.ping());
        const latencyMs = await since(nowMs, read(latenciesMs.length));
        latenciesMs.push(latencyMs);
        if (latencyMs - (await pinged) >= STALLED_MS) stalled += 1;
      },
      goesOn: (atMs) => atMs < CYCLES * CYCLE_MS,
    });
    const slow = latenciesMs.filter((latencyMs) => latencyMs > SLOW_MS).length;
    const slowest = Math.round(Math.max(...latenciesMs));
    const counts = loadsPerExpiry(loadsAtMs);
    const most = Math.max(...counts);
    process.stdout.write(
      `expiry at ${perSecond} reads a second: ${latenciesMs.length} reads, ${counts.length} expiries, at most ${most} loads each, ` +
        `${slow} reads slower than ${SLOW_MS} ms, the slowest ${slowest} ms\n`,
    );
    return { stalled, loadsPerExpiry: counts };
  }

  /** Loads that began before the first of them can have ended are of one expiry. */
  function loadsPerExpiry(loadsAtMs: readonly number[]): readonly number[] {
    const counts: number[] = [];
    let firstAtMs = -Infinity;
    for (const atMs of loadsAtMs) {
      if (atMs - firstAtMs < LOAD_MS) counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
      else {
        counts.push(1);
        firstAtMs = atMs;
      }
    }
    return counts;
  }

  it('is loaded once, and no read waits, at 1, 100 and 1,000 reads a second', async () => {
    const rates = [1, 100, 1000];
    const seen = await Promise.all(rates.map((perSecond) => underSteadyLoad(perSecond, 'expiry')));
    for (const [index, { loadsPerExpiry: counts }] of seen.entries()) {
      const at = `at ${rates[index]} reads a second`;
      expect(counts.length, `expiries ${at}`).toBeGreaterThanOrEqual(CYCLES / 2 - 1);
      expect(Math.max(...counts), `loads of one expiry ${at}`).toBe(1);
    }
    for (const [index, { stalled }] of seen.entries())
      expectTime(stalled, `reads that waited at ${rates[index]} reads a second`).toBe(0);
  }, 60_000);

  it('would be loaded by every reader, if stale reads were not joined', async () => {
    vi.spyOn(Background.prototype, 'runOnce').mockImplementation(function (
      this: Background,
      _,
      work,
      onError,
    ) {
      this.run(work, onError);
    });
    vi.spyOn(SingleFlight.prototype, 'begin').mockImplementation(function (
      this: SingleFlight<never>,
      wanted,
      runLoads,
    ) {
      return Promise.resolve(this.alone(wanted, runLoads));
    });
    const { loadsPerExpiry: counts } = await underSteadyLoad(100, 'planted');
    expect(Math.max(...counts), 'loads of one expiry').toBeGreaterThan(2);
  });
});

describe('10,000 entries that are warmed together', () => {
  const TTL_SECONDS = 300;
  /** The seconds over which their expiries are spread. */
  const SPREAD_SECONDS = TTL_SECONDS * 0.1;

  /** How many expire in the busiest second. */
  async function busiestSecond(
    entries: number,
    options: Partial<CacheOptions<object>> = {},
  ): Promise<number> {
    const clock = manualClock();
    const cache = createCache({ store: memoryStore({ clock }), clock, environment: 'test', ...options });
    onTestFinished(() => cache.close());
    const keys = Array.from({ length: entries }, (_, index) => `Warm:${index}`);
    let loads = 0;
    const readAll = async (): Promise<number> => {
      const before = loads;
      await Promise.all(
        keys.map((key) => cache.fetch(key, { ttl: TTL_SECONDS }, () => Promise.resolve((loads += 1)))),
      );
      return loads - before;
    };
    await readAll();
    let busiest = 0;
    clock.advance((TTL_SECONDS - SPREAD_SECONDS - 1) * 1000);
    for (let second = 0; second <= SPREAD_SECONDS + 2; second += 1) {
      busiest = Math.max(busiest, await readAll());
      clock.advance(1000);
    }
    expect(loads, 'every entry expired once').toBe(2 * entries);
    return busiest;
  }

  it('expire over a tenth of their ttl: in no second more than 3 times the mean', async () => {
    expect(await busiestSecond(10_000)).toBeLessThanOrEqual((3 * 10_000) / SPREAD_SECONDS);
  });

  it('would expire in one second without that chance', async () => {
    expect(await busiestSecond(1000, { random: () => 0 })).toBe(1000);
  });
});
