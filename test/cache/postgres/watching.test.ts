import type { ClientConfig } from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { homeOf } from '../../../src/cache/postgres/home.js';
import { watchForRows } from '../../../src/cache/postgres/watch-for-rows.js';
import { needsPostgres } from '../../support/needs.js';
import { useFilmsWithOutbox } from '../../support/servers/films-with-outbox.js';
import { tcpProxy } from '../../support/servers/tcp-proxy.js';
import { expectTime, tookMs } from '../../support/run/expect-time.js';

describe.skipIf(!needsPostgres())('watching for rows', () => {
  const database = useFilmsWithOutbox('max_prepared_transactions=5');
  beforeEach(() => database.pool.query(`INSERT INTO corral."CacheStore" ("name") VALUES ('one')`));

  function watching({
    at = database.url,
    leads = true,
  }: { readonly at?: string | ClientConfig; readonly leads?: boolean } = {}) {
    const told = { rows: 0, listening: [] as boolean[], warnings: [] as string[] };
    const stop = watchForRows(at, {
      ...{ home: homeOf('corral'), store: 'one' },
      onRows: () => void (told.rows += 1),
      onListening: (is) => void told.listening.push(is),
      leads: () => leads,
      warn: (sentence) => void told.warnings.push(sentence),
      ...{ waitsMs: 300, answersWithinMs: 200 },
    });
    onTestFinished(stop);
    return { told, stop };
  }

  it('is told of what others commit by one statement that waits, which holds no snapshot back', async () => {
    const { told } = watching();
    await expect.poll(() => told.listening).toEqual([true]);
    const held = `SELECT FROM pg_stat_activity WHERE application_name = 'corral outbox'
      AND (backend_xid IS NOT NULL OR clock_timestamp() - xact_start > interval '250 ms')`;
    for (let asked = 0; asked < 20; asked += 1) {
      expect((await database.pool.query(held)).rowCount).toBe(0);
      await database.pool.query('SELECT pg_sleep(0.02)');
    }
    expect(told.rows).toBe(0);
    const sinceMs = performance.now();
    await database.pool.query(`INSERT INTO films VALUES (1, 'One')`);
    await expect.poll(() => told.rows, { interval: 10 }).toBeGreaterThan(0);
    const tookMs = performance.now() - sinceMs;
    expect(told.warnings).toEqual([]);
    expectTime(tookMs).toBeLessThan(300);
  });

  it('goes on watching where the pool gives statements less time than it waits for', async () => {
    const { told } = watching({ at: { connectionString: database.url, query_timeout: 100 } });
    await expect.poll(() => told.listening).toEqual([true]);
    await database.pool.query('SELECT pg_sleep(0.6)');
    expect(told).toMatchObject({ listening: [true], warnings: [] });
  });

  it('is told of rows that no process takes where it does not lead, and of no others', async () => {
    const { told } = watching({ leads: false });
    await expect.poll(() => told.listening).toEqual([true]);
    for (let id = 1; id <= 10; id += 1) {
      await database.pool.query('INSERT INTO films VALUES ($1)', [id]);
      await database.pool.query('SELECT pg_sleep(0.05)');
      await database.pool.query('DELETE FROM corral."CacheOutbox"');
    }
    expect(told.rows).toBe(0);
    await database.pool.query(`UPDATE films SET title = 'Left'`);
    expectTime(await tookMs(() => expect.poll(() => told.rows).toBeGreaterThan(0))).toBeLessThan(1500);
  });

  it('says so where its connection goes silent, and watches on another one', async () => {
    const at = new URL(database.url);
    const proxy = await tcpProxy(Number(at.port));
    at.port = `${proxy.port}`;
    const { told } = watching({ at: at.href });
    await expect.poll(() => told.listening).toEqual([true]);
    proxy.set({ blackHole: 'both', blackHoleOf: 'open' });
    const againMs = await tookMs(() => expect.poll(() => told.listening).toEqual([true, false, true]));
    expect(told.warnings).toEqual([expect.stringContaining('was lost, and is made again')]);
    await database.pool.query(`INSERT INTO films VALUES (1, 'One')`);
    await expect.poll(() => told.rows).toBeGreaterThan(0);
    expectTime(againMs).toBeLessThan(3000);
  });

  it('costs no writer a transaction that is prepared', async () => {
    await database.pool.query(`BEGIN; INSERT INTO films VALUES (1, 'One'); PREPARE TRANSACTION 'one'`);
    const { told } = watching();
    await expect.poll(() => told.listening).toEqual([true]);
    expect(told.rows).toBe(0);
    await database.pool.query(`COMMIT PREPARED 'one'`);
    await expect.poll(() => told.rows).toBeGreaterThan(0);
  });

  it('leaves a write alone whose outbox is gone, or whose meaning cannot be told', async () => {
    await database.pool.query('ALTER TABLE films RENAME COLUMN id TO film_id');
    await database.pool.query(`INSERT INTO films VALUES (1, 'One')`);
    const { rows } = await database.pool.query('SELECT "store", "tags", "because" FROM corral."CacheOutbox"');
    expect(rows).toEqual([
      { store: 'one', tags: null, because: expect.stringContaining('id does not exist') },
    ]);
    await database.pool.query('DROP TABLE corral."CacheOutbox"');
    await database.pool.query(`INSERT INTO films VALUES (2, 'Two')`);
    await database.pool.query('DROP TABLE corral."CacheStore"');
    await database.pool.query(`UPDATE films SET title = 'Three'`);
    expect((await database.pool.query('SELECT FROM films')).rowCount).toBe(2);
  });
});
