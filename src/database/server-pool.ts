import pg from 'pg';
import { ConfigurationError } from './configuration-error.js';
import { connectionFault } from './connection-fault.js';
import { parseDatabaseUrl } from './parse-database-url.js';

const oldestVersion = 14;

/** A pool of connections to a PostgreSQL server that was seen to answer, and to be new enough. */
export async function openServerPool(databaseUrl: string): Promise<pg.Pool> {
  const url = parseDatabaseUrl(databaseUrl);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: 5_000,
    application_name: 'corral',
  });
  try {
    await checkVersion(pool);
    return pool;
  } catch (error) {
    await pool.end();
    throw error instanceof ConfigurationError ? error : connectionFault(error, url);
  }
}

async function checkVersion(pool: pg.Pool): Promise<void> {
  const answer = await pool.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  const version = answer.rows[0]?.version ?? '';
  if (Number.parseInt(version, 10) >= oldestVersion) return;
  throw new ConfigurationError(
    `The server of DATABASE_URL runs PostgreSQL ${version}, but Corral needs ${oldestVersion} or later.`,
  );
}
