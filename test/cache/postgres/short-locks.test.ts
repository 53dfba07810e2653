import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { applyOutbox } from '../../../src/cache/postgres/index.js';
import { inTransaction } from '../../../src/cache/postgres/in-transaction.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { expectTime } from '../../support/run/expect-time.js';

describe.skipIf(!needsPostgres())('making triggers on tables that are in use', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres();
  });
  afterAll(() => server.stop());

  async function inUse() {
    const pool = new pg.Pool({ connectionString: await server.createDatabase() });
    onTestFinished(() => pool.end());
    await pool.query('CREATE TABLE "A" (id serial PRIMARY KEY); CREATE TABLE "B" (id serial PRIMARY KEY)');
    const long = await pool.connect();
    await long.query('BEGIN; INSERT INTO "B" DEFAULT VALUES');
    const end = async (): Promise<void> => {
      await long.query('COMMIT');
      long.release();
    };
    return { pool, long, end, apply: () => applyOutbox({ pool, tables: { A: {}, B: {} } }) };
  }

  it('holds no writer up for long behind a transaction that is open, and goes on once it has ended', async () => {
    const { pool, end, apply } = await inUse();
    const applied = apply();
    const untilMs = performance.now() + 2500;
    let longestMs = 0;
    while (performance.now() < untilMs) {
      const sinceMs = performance.now();
      await pool.query('INSERT INTO "A" DEFAULT VALUES; INSERT INTO "B" DEFAULT VALUES');
      longestMs = Math.max(longestMs, performance.now() - sinceMs);
    }
    await end();
    expect(await applied).toEqual(['A', 'B']);
    expectTime(longestMs).toBeLessThan(1000);
  });

  it('gives way where it would end the transaction of an application by a deadlock', async () => {
    const { long, end, apply } = await inUse();
    const applied = apply();
    // PostgreSQL looks for a deadlock once, after a second of waiting: from then on the one that comes later is ended.
    await long.query('SELECT pg_sleep(1.5)');
    await long.query('INSERT INTO "A" DEFAULT VALUES');
    await end();
    expect(await applied).toEqual(['A', 'B']);
  });

  it('says after ten seconds that a transaction is in the way, and nothing of rights', async () => {
    const { end, apply } = await inUse();
    await expect(apply()).rejects.toThrow(
      'a transaction has kept a table locked for 10 seconds; end it, and start again',
    );
    await end();
  });
});

describe.skipIf(!needsPostgres())('a transaction whose session the server ends', () => {
  it('is rejected, and ends no process of a pool without listeners', async () => {
    const server = await privatePostgres();
    onTestFinished(() => server.stop());
    const pool = new pg.Pool({ connectionString: await server.createDatabase() });
    const work = inTransaction(pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      // The end of the session arrives as an event, while no statement is under way.
      await pool.query('SELECT pg_sleep(0.1)');
      await client.query('SELECT 1');
    });
    await expect(work).rejects.toThrow();
    await pool.end();
  });
});
