import { describe, expect, it, vi } from 'vitest';
import { needsPostgres, needsRedis } from '../../support/needs.js';
import { percentile } from '../../support/load/percentile.js';
import { expectTime, tookMs } from '../../support/run/expect-time.js';
import type { RowCache } from '../../support/worlds/row-cache.js';
import { ROW_IDS as ids, useTwoRegions, warm, type Region } from '../../support/worlds/two-regions.js';

vi.setConfig({ testTimeout: 60_000 });

const isLong = process.env['ATTACKS'] === 'long';
const LATENCY_MS = 80;
const rounds = isLong ? 20 : 1;

describe.skipIf(!needsPostgres() || !needsRedis())('two regions on one database', () => {
  const start = useTwoRegions();

  describe.each(['triggers', 'log'] as const)('with %s', (source) => {
    it('keeps reads local, and acknowledges with "all" no write that is read old in the other region', async () => {
      const { pool, near, far } = await start({
        ...{ source, latencyMs: LATENCY_MS },
        options: { acknowledge: 'all', acknowledgeWithinMs: 5000 },
      });
      // Each store notes that it looks, or it would not be waited for soon.
      const stores = source === 'log' ? 'CacheLogReader' : 'CacheStore';
      await pool.query(`UPDATE corral."${stores}" SET "seenAt" = now() - interval '6 seconds'`);
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
      const unseenForMs = () => near.cache.stats.regions().stores.map((store) => store.unseenForMs);
      await expect.poll(unseenForMs, { timeout: 10_000 }).toEqual([expect.toSatisfy((ms) => ms < 6000)]);
      expectTime(percentile(readMs, 0.5)).toBeLessThan(LATENCY_MS / 4);
    });

    it('acknowledges with "region" at once, and reads in the other region are old for the reported lag at most', async () => {
      const { near, far } = await start({ source, latencyMs: LATENCY_MS });
      await warm([far]);
      const [acknowledgedMs, oldForMs]: [number[], number[]] = [[], []];
      for (const id of ids.slice(0, isLong ? 20 : 2)) {
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

    it('carries what a process invalidates to the other regions whose own Redis has been away since before it started', async () => {
      const { near, far, startedWithoutRedis } = await start({
        ...{ source, latencyMs: 5 },
        options: { fetches: ['Note'] },
      });
      let note = 'first';
      const read = (region: RowCache) => region.cache.fetch('Note:1', { ttl: 3600 }, () => note);
      expect([await read(near), await read(far)]).toEqual(['first', 'first']);
      const { cache } = await startedWithoutRedis();
      note = 'second';
      await expect(cache.invalidate(['Note:1'])).rejects.toMatchObject({ code: 'CACHE_INVALIDATION_FAILED' });
      await expect.poll(() => read(far), { timeout: 10_000 }).toBe('second');
      await expect.poll(() => read(near), { timeout: 10_000 }).toBe('second');
    });
  });

  it('relays over a distance at which PostgreSQL would take the rows in hand for forsaken', async () => {
    const { near, far } = await start({ latencyMs: 160 });
    await far.read('through', '1');
    const { rows } = far.cache.stats.relay();
    const version = await near.write('1');
    await expect.poll(() => far.cache.stats.relay().rows, { timeout: 15_000 }).toBeGreaterThan(rows);
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
