import pg from 'pg';
import { openMemoryPostgres } from '../../../src/database/embedded-postgres.js';
import { needsPostgres } from '../needs.js';
import { privatePostgres } from '../private-postgres.js';

export interface DatabaseBackend {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

async function openServer(): Promise<DatabaseBackend> {
  const server = await privatePostgres();
  const pool = new pg.Pool({ connectionString: server.url });
  return { pool, close: () => pool.end().then(() => server.stop()) };
}

/** The databases that the same SQL must work on, as far as this machine has them. */
export const databaseBackends = [
  { name: 'embedded', open: (): Promise<DatabaseBackend> => openMemoryPostgres(), canRun: true },
  { name: 'PostgreSQL', open: openServer, canRun: needsPostgres() },
].filter(({ canRun }) => canRun);
