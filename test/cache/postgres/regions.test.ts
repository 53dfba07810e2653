import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { logHomeOf } from '../../../src/cache/postgres/log/log-home.js';
import { dropSlots } from '../../../src/cache/postgres/log/slots.js';
import { needsPostgres, needsRedis } from '../../support/needs.js';
import { percentile } from '../../support/load/percentile.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import type { PrivateRedis } from '../../support/private-redis.js';
import type { TcpProxy } from '../../support/servers/tcp-proxy.js';
import { expectTime, tookMs } from '../../support/run/expect-time.js';
import {
  redisOfTwoRegions,
  twoRegions,
  type Region,
  type TwoRegions,
  type TwoRegionsOptions,
} from '../../support/worlds/two-regions.js';

vi.setConfig({ testTimeout: 60_000 });

const isLong = process.env['ATTACKS'] === 'long';
const LATENCY_MS = 80;
const BLIND_AFTER_MS = 500;
const rounds = isLong ? 20 : 1;
const ids = Array.from({ length: 20 }, (_, index) => `${index + 1}`);

describe.skipIf(!needsPostgres() || !needsRedis())('two regions on one database', () => {
  let postgres: PrivatePostgres;
  let servers: readonly [PrivateRedis, PrivateRedis];
  beforeAll(async () => {
    postgres = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
    servers = await redisOfTwoRegions();
  });
  afterAll(async () => {
    await postgres.stop();
    for (const redis of servers) await redis.stop();
  });
  const start = async (given: Partial<TwoRegionsOptions> = {}): Promise<TwoRegions> =>
    twoRegions({
      ...{ url: await postgres.createDatabase(), servers, source: 'triggers', latencyMs: LATENCY_MS },
      ...given,
    });
  const warm = (regions: readonly Region[]) =>
    Promise.all(
      regions.flatMap((region) =>
        ids.flatMap((id) => [region.read('through', id), region.read('aside', id)]),
      ),
    );

  describe.each(['triggers', 'log'] as const)('with %s', (source) => {
    it('keeps reads local, and acknowledges with "all" no write that is read old in the other region', async () => {
      const { near, far } = await start({
        source,
        options: { acknowledge: 'all', acknowledgeWithinMs: 5000 },
      });
      const readMs: number[] = [];
      let [stale, writes] = [0, 0];
      for (let round = 0; round < rounds; round += 1) {
        await warm([near, far]);
        await Promise.all(
          ids.map(async (id, index) => {
            const [by, other] = index % 5 === 4 ? [far, near] : [near, far];
            const { version, consistency } = await by.acknowledged(id);
            const read = await Promise.all([other.read('through', id), other.read('aside', id)]);
            expect(consistency).toBe('strict');
            stale += read.filter((seen) => seen < version).length;
            writes += 1;
          }),
        );
        await warm([far]);
        for (const id of ids) readMs.push(await tookMs(() => far.read('through', id)));
      }
      expect({ stale, writes }).toEqual({ stale: 0, writes: rounds * ids.length });
      const waited = near.cache.stats.regions().writes;
      expect(waited).toEqual({ all: waited.all, late: 0, unseen: 0 });
      expect(waited.all).toBeGreaterThan(0);
      expectTime(percentile(readMs, 0.5)).toBeLessThan(LATENCY_MS / 4);
    });

    it('acknowledges with "region" at once, and reads in the other region are old for the reported lag at most', async () => {
      const { near, far } = await start({ source });
      await warm([far]);
      const [acknowledgedMs, oldForMs]: [number[], number[]] = [[], []];
      for (const id of ids.slice(0, isLong ? 20 : 4)) {
        const sinceMs = performance.now();
        const { version, consistency } = await near.acknowledged(id);
        expect(consistency).toBe('bounded');
        const atMs = performance.now();
        acknowledgedMs.push(atMs - sinceMs);
        let lastOldAtMs = atMs;
        for (let seen = 0; seen < version;) {
          const readAtMs = performance.now();
          seen = await far.read('aside', id);
          if (seen < version) lastOldAtMs = readAtMs;
        }
        oldForMs.push(lastOldAtMs - atMs);
      }
      // The last of them is measured once it is seen to be applied.
      const longestMs = Math.max(...oldForMs);
      expect(longestMs).toBeGreaterThan(LATENCY_MS);
      await vi.waitFor(() => expect(near.cache.stats.regions().lagMs).toBeGreaterThan(longestMs));
      expect(near.cache.writes.regionLagMs()).toBeGreaterThan(longestMs);
      expectTime(near.cache.stats.regions().lagMs ?? Infinity).toBeLessThan(5000);
      expectTime(percentile(acknowledgedMs, 0.5)).toBeLessThan(LATENCY_MS);
    });

    it('forgets nothing while it is cut off from the database: it bypasses soon, and reads nothing old afterwards', async () => {
      const regions = await start({
        ...{ source, latencyMs: 20 },
        options: { relay: { blindAfterMs: BLIND_AFTER_MS }, acknowledge: 'all', acknowledgeWithinMs: 100 },
      });
      const { near, far, proxy } = regions;
      await warm([near, far]);
      const before = timesForgotten(far);
      const reads = reading(far, await writtenWhileCutOff(regions));
      expect(near.cache.stats.regions().writes.late).toBeGreaterThan(0);
      joined(proxy);
      expect(await reads.untilItSees()).toBe(0);
      expect(timesForgotten(far)).toBe(before);
    });

    it('forgets everything before it serves again, where it was dropped while it was away', async () => {
      const regions = await start({
        ...{ source, latencyMs: 20 },
        options: { relay: { blindAfterMs: BLIND_AFTER_MS } },
      });
      const { near, far, proxy, pool } = regions;
      await warm([near, far]);
      const before = timesForgotten(far);
      await near.write('1');
      const stores = () => near.cache.stats.regions().stores.map(({ store }) => store);
      await expect.poll(stores).toHaveLength(1);
      const [store = ''] = stores();
      const reads = reading(far, await writtenWhileCutOff(regions, () => dropped(pool, source, store)));
      joined(proxy);
      expect(await reads.untilItSees()).toBe(0);
      expect(timesForgotten(far)).toBeGreaterThan(before);
    });
  });

  it('relays over a distance at which PostgreSQL would take the rows in hand for forsaken', async () => {
    const { near, far } = await start({ latencyMs: 200 });
    await far.read('through', '1');
    const version = await near.write('1');
    await expect.poll(() => far.cache.stats.relay().rows, { timeout: 8000 }).toBeGreaterThan(0);
    expect(await far.read('through', '1')).toBe(version);
  });

  it('carries invalidations of tags that no row means to the other region', async () => {
    const { near, far } = await start({ latencyMs: 5, options: { fetches: ['Note'] } });
    let note = 'first';
    const read = (region: Region) => region.cache.fetch('Note:1', { ttl: 3600 }, () => note);
    expect(await read(far)).toBe('first');
    note = 'second';
    await near.cache.invalidate(['Note:1']);
    await expect.poll(() => read(far), { timeout: 5000 }).toBe('second');
  });
});

function timesForgotten({ cache }: Region): number {
  return Object.values(cache.stats.relay().forgotten).reduce((sum, times) => sum + times, 0);
}

/** Takes the store of a region out of the list, as after ten minutes without a process of it. */
async function dropped(pool: pg.Pool, source: 'triggers' | 'log', store: string): Promise<void> {
  if (source === 'triggers') {
    await pool.query('DELETE FROM corral."CacheStore" WHERE "name" = $1', [store]);
    return;
  }
  const longAgo = `SET "seenAt" = now() - interval '11 minutes' WHERE "store" = $1`;
  await pool.query(`UPDATE corral."CacheLogReader" ${longAgo}`, [store]);
  expect(await dropSlots(pool, logHomeOf('corral'), 'forsaken')).toHaveLength(1);
}

/**
 * Cuts the far region off from the database, and writes every row, in the near one or by another program. Resolves with what is newest, once nothing counts in
 * the far region any more that it had before.
 */
async function writtenWhileCutOff(
  { pool, near, far, proxy }: TwoRegions,
  first: () => Promise<void> = () => Promise.resolve(),
): Promise<ReadonlyMap<string, number>> {
  proxy.set({ blackHole: 'both' });
  await first();
  const write = async (id: string, index: number): Promise<number> => {
    if (index % 2 === 0) return near.write(id);
    const { rows } = await pool.query<{ version: number }>(
      'UPDATE rows SET version = version + 1 WHERE id = $1 RETURNING version',
      [id],
    );
    return rows[0]?.version ?? Infinity;
  };
  const newest = await Promise.all(
    ids.map(async (id, index): Promise<[string, number]> => [id, await write(id, index)]),
  );
  const blindForMs = () => far.cache.stats.relay().blindForMs;
  await expect.poll(blindForMs, { timeout: 15_000 }).toBeGreaterThan(3 * BLIND_AFTER_MS);
  return new Map(newest);
}

/** Ends the cut: what was lost in a connection is lost together with it, never alone. */
function joined(proxy: TcpProxy): void {
  proxy.reset();
  proxy.set({ latencyMs: 20 });
}

/** Reads every row again and again, until the relay of the region sees again, and then once in another way; resolves with how many answers were old. */
function reading(region: Region, newest: ReadonlyMap<string, number>) {
  let [old, isOver] = [0, false];
  const readers = ids.map(async (id) => {
    while (!isOver) {
      const version = await region.read('aside', id).catch(() => undefined);
      if (version !== undefined && version < (newest.get(id) ?? Infinity)) old += 1;
    }
  });
  const untilItSees = async (): Promise<number> => {
    await expect.poll(() => region.cache.stats.relay().blindForMs, { timeout: 20_000 }).toBe(0);
    // What was read until then was loaded anew, being too old for a blind process; this was not read.
    const asBefore = await Promise.all(
      ids.map(async (id) => [id, await region.read('through', id)] as const),
    );
    for (const [id, version] of asBefore) if (version < (newest.get(id) ?? Infinity)) old += 1;
    isOver = true;
    await Promise.all(readers);
    return old;
  };
  onTestFinished(() => void (isOver = true));
  return { untilItSees };
}
