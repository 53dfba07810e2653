import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { percentile } from '../support/load/percentile.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { privateTestedRedis } from '../support/servers/tested-redis.js';
import { flushed } from '../support/worlds/flushed.js';
import { comparedWithDatabase, newTally, watchOn } from '../support/worlds/playback-world.js';
import { apiHere, NOTHING_WRONG, report, useWatchedDatabases } from '../support/worlds/watched-databases.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 });

const isLong = process.env['FAULTS_LONG'] === 'yes';
const CALLS = isLong ? 10_000 : 1500;
const CALLERS = 10;

describe.skipIf(!needsPostgres() || !needsRedis())('positions that are written behind', () => {
  const { databaseWith } = useWatchedDatabases();

  /** Viewers of an API with a database and a Redis of its own: whatever is written there is of these viewers. */
  async function audience(settings: Record<string, string> = {}) {
    const redis = await privateTestedRedis();
    onTestFinished(() => redis.stop());
    const { databaseUrl, watchers } = await databaseWith(100);
    let statements = 0;
    const api = await apiHere({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url, ...settings }, (sql) => {
      if (sql.includes('"Playback"')) statements += 1;
    });
    const tally = newTally();
    const latenciesMs: number[] = [];
    /** Each viewer sends so many positions, one after the other; resolves once the database has them. */
    const watch = async (times: number): Promise<void> => {
      const shares = Array.from({ length: CALLERS }, (_, caller) =>
        watchers.filter((_one, index) => index % CALLERS === caller),
      );
      await Promise.all(
        shares.map(async (share) => {
          for (const watcher of Array.from({ length: times }, () => share).flat()) {
            const startedAtMs = performance.now();
            await watchOn(api, watcher, tally);
            latenciesMs.push(performance.now() - startedAtMs);
          }
        }),
      );
      await flushed(api.cache);
    };
    // Sessions and the film are known before anything is measured.
    await watch(1);
    latenciesMs.length = 0;
    statements = 0;
    const before = api.database.statements();
    return {
      watch,
      tally,
      counters: () => api.cache.stats.counters()['Mutation.recordPlayback'],
      /** About positions. */
      statements: () => statements,
      /** The transactions by which the outbox passes invalidations on are among these. */
      allStatements: () => api.database.statements() - before,
      p50Ms: () => percentile(latenciesMs, 0.5),
      outcome: () => comparedWithDatabase(databaseUrl, watchers),
    };
  }

  it(`are answered sooner than by the database, which gets ${CALLS} of them in a twentieth of the statements`, async () => {
    const behind = await audience();
    const through = await audience({ CACHE_DISABLED: 'Mutation.recordPlayback' });
    // In turns, so that what else the machine does slows down both; each waits for its flushers in its own turn.
    const [turns, times] = [CALLS / 500, 500 / 100];
    for (let turn = 0; turn < turns; turn += 1) {
      for (const one of turn % 2 === 0 ? [behind, through] : [through, behind]) await one.watch(times);
    }
    const outcome = await behind.outcome();
    const figures = {
      calls: CALLS,
      callers: CALLERS,
      behindP50Ms: Number(behind.p50Ms().toFixed(2)),
      throughP50Ms: Number(through.p50Ms().toFixed(2)),
      ratio: Number((behind.p50Ms() / through.p50Ms()).toFixed(2)),
      behindStatements: behind.statements(),
      throughStatements: through.statements(),
      callsPerStatement: Number((CALLS / behind.statements()).toFixed(1)),
      allStatements: [behind.allStatements(), through.allStatements()],
    };
    report('written behind and written through', { ...figures, ...outcome });
    // The warm-up was one call of each viewer.
    expect(behind.tally).toEqual({ acknowledged: CALLS + 100, busy: 0, unanswered: 0, others: [] });
    expect(behind.counters()).toMatchObject({ queued: CALLS + 100, writtenThrough: 0 });
    expect(through.counters()).toMatchObject({ queued: 0, writtenThrough: CALLS + 100 });
    expect(through.statements()).toBeGreaterThanOrEqual(CALLS);
    expect(outcome).toEqual(NOTHING_WRONG);
    expect(behind.statements()).toBeLessThanOrEqual(CALLS / 20);
    expectTime(figures.ratio, 'a ratio').toBeLessThan(1);
  });
});
