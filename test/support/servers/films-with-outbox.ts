import pg from 'pg';
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { applyOutbox } from '../../../src/cache/postgres/index.js';
import { privatePostgres, type PrivatePostgres } from '../private-postgres.js';

/** A server of this file, and in it a database for each test that has a table of films and an outbox that is told of it. */
export function useFilmsWithOutbox(...settings: string[]) {
  let server: PrivatePostgres;
  let url: string;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await privatePostgres(...settings);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    url = await server.createDatabase();
    pool = new pg.Pool({ connectionString: url });
    pool.on('error', () => undefined);
    onTestFinished(() => pool.end());
    await pool.query('CREATE TABLE films (id int PRIMARY KEY, title text)');
    await applyOutbox({ pool, tables: { Film: { table: 'films' } } });
  });
  return {
    get url() {
      return url;
    },
    get pool() {
      return pool;
    },
  };
}
