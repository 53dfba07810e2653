import pg from 'pg';
import { ConfigurationError } from './configuration-error.js';
import { connectionFault } from './connection-fault.js';
import { parseDatabaseUrl } from './parse-database-url.js';
import { requireVersion } from './require-version.js';

/** A pool of connections to a PostgreSQL server that was seen to answer, and to be new enough. */
export async function openServerPool(databaseUrl: string): Promise<pg.Pool> {
  const url = parseDatabaseUrl(databaseUrl);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: 5_000,
    application_name: 'corral',
  });
  // Whoever uses a connection that is ended is told by the statement that fails. Without a listener its process would end.
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    await checkVersion(pool);
    return pool;
  } catch (error) {
    await pool.end();
    throw error instanceof ConfigurationError ? error : connectionFault(error, url);
  }
}

async function checkVersion(pool: pg.Pool): Promise<void> {
  const sql = `SELECT current_setting('server_version') AS version`;
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ version: string }>(sql);
    requireVersion(rows[0]?.version ?? '');
  } finally {
    // Whoever counts the statements of the pool is not there yet: they would never see those of this connection.
    client.release(true);
  }
}
