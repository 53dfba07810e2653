import pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished, describe } from 'vitest';
import { applyOutbox } from '../../../src/cache/postgres/index.js';
import type { OutboxRow } from '../../../src/cache/outbox/outbox.js';
import { homeOf } from '../../../src/cache/postgres/home.js';
import { outboxOfStore } from '../../../src/cache/postgres/outbox-of-store.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { expectTime } from '../../support/run/expect-time.js';

const isLong = process.env['ATTACKS'] === 'long';
const rows = isLong ? 1_000_000 : 30_000;

describe.skipIf(!needsPostgres())('a statement over very many rows', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres();
  });
  afterAll(() => server.stop());

  it(
    `is relayed in parts that are forgotten once they are applied, ${rows} rows of it, and delays no change of others for longer than itself`,
    { timeout: 600_000 },
    async () => {
      const pool = new pg.Pool({ connectionString: await server.createDatabase() });
      pool.on('error', () => undefined);
      onTestFinished(() => pool.end());
      await pool.query('CREATE TABLE films (id int PRIMARY KEY); CREATE TABLE makers (id int PRIMARY KEY)');
      await applyOutbox({ pool, tables: { Film: { table: 'films' }, Maker: { table: 'makers' } } });
      const listen = () => () => Promise.resolve();
      const outbox = outboxOfStore({
        ...{ home: homeOf('corral'), pool, store: 'one', endsWithProcess: false, listen },
      });
      await outbox.register();
      const before = process.memoryUsage().rss;
      const committed = new Map<string, number>();
      const films = new Set<string>();
      let [most, longestMs, isOver] = [0, 0, false];
      const apply = (taken: readonly OutboxRow[]): Promise<void> => {
        for (const { tags } of taken) {
          for (const tag of tags) {
            if (tag.startsWith('Film:')) films.add(tag);
            longestMs = Math.max(longestMs, performance.now() - (committed.get(tag) ?? Infinity));
          }
        }
        most = Math.max(most, process.memoryUsage().rss - before);
        return Promise.resolve();
      };
      const relaying = (async () => {
        for (let isLast = false; !isLast;) {
          isLast = isOver;
          // One that stands still on a busy machine loses its transaction; the next one takes the rows.
          await outbox.relay(apply).catch(() => undefined);
        }
      })();
      const beganAtMs = performance.now();
      const large = pool.query('INSERT INTO films SELECT n FROM generate_series(1, $1::int) AS n', [rows]);
      let tookMs: number | undefined;
      void large.then(() => (tookMs = performance.now() - beganAtMs));
      for (let id = 1; tookMs === undefined || films.size < rows; id += 1) {
        await pool.query('INSERT INTO makers VALUES ($1)', [id]);
        committed.set(`Maker:${id}`, performance.now());
        await pool.query('SELECT pg_sleep(0.02)');
      }
      isOver = true;
      await relaying;
      const figures = {
        tookMs: Math.round(tookMs),
        longestMs: Math.round(longestMs),
        mb: Math.round(most / 1e6),
      };
      if (isLong) process.stdout.write(`${rows} rows: ${JSON.stringify(figures)}\n`);
      expect(films.size).toBe(rows);
      expect(figures.mb).toBeLessThan(150);
      expectTime(longestMs).toBeLessThan(Math.max(1000, tookMs));
    },
  );
});
