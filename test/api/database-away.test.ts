import { setTimeout as passes } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startApi } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { fillFixture } from '../support/worlds/film-fixture.js';
import { needsPostgres } from '../support/needs.js';
import { privatePostgres } from '../support/private-postgres.js';
import { post } from '../support/worlds/seeded-api.js';
import { shortLived } from '../support/worlds/short-lived.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 240_000 });

const OUTAGE_MS = process.env['FAULTS_LONG'] === 'yes' ? 60_000 : 8000;
const FRESH_WITHIN_MS = 5000;
/** The longest pause between two tries, less its part that is left to chance. */
const SHORTEST_LONG_PAUSE_MS = 3200;

const fields = {
  'Query.searchMovies': '{ searchMovies(text: "night") { totalCount } }',
  'Query.topCharts': '{ topCharts(first: 5) { rank } }',
  'Query.grossByYear': '{ grossByYear { year } }',
} as const;

describe.skipIf(!needsPostgres())('fields with staleIfError while PostgreSQL is stopped', () => {
  it('go on answering, say so, ask with pauses, and are fresh soon after its return', async () => {
    const postgres = await privatePostgres();
    onTestFinished(() => postgres.stop());
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      CACHE_PROBE: 'off',
      DATABASE_URL: await postgres.createDatabase(),
    });
    const api = await startApi(config, { log: pino({ level: 'silent' }), typeDefs: shortLived() });
    onTestFinished(() => api.close());
    await fillFixture(api.database.prisma);
    const outcomes = new Map<string, number>();
    let errors = 0;
    const readAll = async (): Promise<string[]> => {
      const seen = await Promise.all(
        Object.values(fields).map(async (query) => {
          const answer = await post(api, query, { headers: { 'x-cache-debug': '1' } });
          if (answer.includes('"errors"')) errors += 1;
          return /"outcome":"([A-Z_]+)"/.exec(answer)?.[1] ?? 'NONE';
        }),
      );
      for (const outcome of seen) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      return seen;
    };
    // What the fixture wrote is relayed, and after that everything is stored again.
    const waiting = async (): Promise<number> => {
      const { rows } = await api.database.pool.query<{ count: number }>(
        process.env['CHANGES_FROM'] === 'log'
          ? 'SELECT count(*)::int AS count FROM pg_replication_slots WHERE confirmed_flush_lsn < pg_current_wal_flush_lsn()'
          : 'SELECT count(*)::int AS count FROM corral."CacheOutbox"',
      );
      return rows[0]?.count ?? 0;
    };
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0);
    await readAll();
    await expect.poll(readAll, { timeout: 10_000 }).toEqual(['HIT', 'HIT', 'HIT']);
    const loads = (coordinate: string): number => api.cache.stats.counters()[coordinate]?.loads ?? 0;

    await postgres.halt();
    const before = Object.keys(fields).map(loads);
    const untilMs = performance.now() + OUTAGE_MS;
    while (performance.now() < untilMs) {
      await readAll();
      await passes(20);
    }
    const tries = Object.keys(fields).map((coordinate, index) => loads(coordinate) - (before[index] ?? 0));
    const during = Object.fromEntries(outcomes);

    await postgres.resume();
    const resumedAtMs = performance.now();
    const isFresh = async (): Promise<boolean> =>
      (await readAll()).every((outcome) => outcome === 'HIT' || outcome === 'MISS');
    await expect.poll(isFresh, { interval: 50, timeout: 20_000 }).toBe(true);
    const freshAfterMs = Math.round(performance.now() - resumedAtMs);
    const report = { during, tries, errors, freshAfterMs };
    process.stdout.write(`PostgreSQL stopped for ${OUTAGE_MS} ms: ${JSON.stringify(report)}\n`);

    expect(errors).toBe(0);
    expect(during['STALE_ON_ERROR']).toBeGreaterThan(50);
    // Six short pauses at first, and one more for what was under way; of charts, more than one entry is kept warm.
    const [search = 0, , box = 0] = tries;
    const most = 7 + OUTAGE_MS / SHORTEST_LONG_PAUSE_MS;
    expect(search).toBeLessThanOrEqual(most);
    expect(box).toBeGreaterThan(0);
    expectTime(freshAfterMs).toBeLessThanOrEqual(FRESH_WITHIN_MS);
  });
});
