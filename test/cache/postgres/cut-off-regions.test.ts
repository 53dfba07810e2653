import type pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { logHomeOf } from '../../../src/cache/postgres/log/log-home.js';
import { dropSlots } from '../../../src/cache/postgres/log/slots.js';
import { needsPostgres, needsRedis } from '../../support/needs.js';
import type { TcpProxy } from '../../support/servers/tcp-proxy.js';
import {
  ROW_IDS as ids,
  useTwoRegions,
  warm,
  type Region,
  type TwoRegions,
} from '../../support/worlds/two-regions.js';

vi.setConfig({ testTimeout: 60_000 });

const BLIND_AFTER_MS = 500;

describe.skipIf(!needsPostgres() || !needsRedis())('a region that is cut off from the database', () => {
  const start = useTwoRegions();

  describe.each(['triggers', 'log'] as const)('with %s', (source) => {
    it('forgets nothing meanwhile: it bypasses soon, and reads nothing old afterwards', async () => {
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
