import pg from 'pg';
import { ConfigurationError } from './configuration-error.js';
import { connectionFault, serverName } from './connection-fault.js';
import type { DatabaseLog } from './database-log.js';
import { parseDatabaseUrl } from './parse-database-url.js';
import { poolParameters } from './pool-parameters.js';
import { requireVersion } from './require-version.js';

/** A pool of connections to a PostgreSQL server that was seen to answer, and to be new enough. */
export async function openServerPool(databaseUrl: string, log: DatabaseLog): Promise<pg.Pool> {
  const url = parseDatabaseUrl(databaseUrl);
  const { max, ignored } = poolParameters(url);
  if (ignored !== undefined) log.warn(ignored);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    connectionTimeoutMillis: 5_000,
    application_name: 'corral',
  });
  // Whoever uses a connection that is ended is told by the statement that fails. Without a listener its process would end.
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    await checkServer(pool, url);
    return pool;
  } catch (error) {
    await pool.end();
    throw error instanceof ConfigurationError ? error : connectionFault(error, url);
  }
}

/** Proves that the server answers, is new enough, and treats our connections as the rest of the program expects. */
async function checkServer(pool: pg.Pool, url: URL): Promise<void> {
  const sql = `SELECT current_setting('server_version') AS version, current_schema() AS schema,
    current_setting('session_replication_role') AS role`;
  const client = await pool.connect();
  try {
    const { rows } = await client.query<ServerSays>(sql);
    requireVersion(rows[0]?.version ?? '');
    const fault = rows[0] && sessionFault(rows[0]);
    if (fault !== undefined) throw new ConfigurationError(`${serverName(url)} ${fault}.`);
  } finally {
    // Whoever counts the statements of the pool is not there yet: they would never see those of this connection.
    client.release(true);
  }
}

interface ServerSays {
  readonly version: string;
  /** Null where nothing of the search path exists. */
  readonly schema: string | null;
  readonly role: string;
}

/** What a setting of the user, of the database or of PGOPTIONS may have changed; no URL shows it. */
function sessionFault({ schema, role }: ServerSays): string | undefined {
  if (role !== 'origin') {
    return `has session_replication_role = ${role} for this user, with which no trigger writes down what changes; reset it`;
  }
  if (schema === 'public') return undefined;
  const found = schema === null ? 'finds no schema at all' : `finds tables in the schema "${schema}" first`;
  return `${found}, but Corral's tables live in the schema "public"; set the search_path of this user to public`;
}
