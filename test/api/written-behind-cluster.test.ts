import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { startedApi } from '../support/processes/started-api.js';
import { privateCluster } from '../support/servers/private-cluster.js';
import { flushed } from '../support/worlds/flushed.js';
import { comparedWithDatabase, newTally, watchWhile } from '../support/worlds/playback-world.js';
import { apiHere, NOTHING_WRONG, report, useWatchedDatabases } from '../support/worlds/watched-databases.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Positions that are acknowledged before the kill. */
const BEFORE = 300;

describe.skipIf(!needsPostgres() || !needsRedis())(
  'positions that are written behind on a Redis Cluster',
  () => {
    const { databaseWith } = useWatchedDatabases();

    it('survive a node that is killed together with a process that had accepted them', async () => {
      const [cluster, { databaseUrl, watchers }] = await Promise.all([
        privateCluster({ settings: ['--appendonly', 'yes', '--appendfsync', 'everysec'] }),
        databaseWith(50),
      ]);
      onTestFinished(() => cluster.stop());
      const settings = {
        ...{ NODE_ENV: 'test', DATABASE_URL: databaseUrl, REDIS_URL: cluster.url, CACHE_PROBE: 'off' },
        ...{ JOURNAL_DURABILITY: 'everysec', JOURNAL_REPLICAS: '1' },
      };
      const [victim, other] = [await startedApi(settings), await apiHere(settings)];
      const tally = newTally();
      let goesOn = true;
      const where = (index: number) => (index % 2 === 0 ? victim : other);
      const watching = watchWhile({ goesOn: () => goesOn, where }, watchers, tally);
      await expect.poll(() => tally.acknowledged, { timeout: 20_000, interval: 5 }).toBeGreaterThan(BEFORE);
      goesOn = false;
      victim.program.child.kill('SIGKILL');
      await cluster.primaries[0]?.stop();
      await watching;
      await flushed(other.cache);
      const outcome = await comparedWithDatabase(databaseUrl, watchers);
      report('a node and a process killed', { ...tally, ...outcome });
      expect(outcome).toEqual(NOTHING_WRONG);
      expect(tally.others).toEqual([]);
      const counted = (await other.cache.writes.journal()).flushed;
      // By way of the journal, and not past it.
      expect(counted.flushed - counted.rescued).toBeGreaterThan(0);
    });
  },
);
