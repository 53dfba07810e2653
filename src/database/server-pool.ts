import pg from 'pg';
import { ConfigurationError } from '../start/configuration-error.js';
import { connectionFault, serverName } from './connection-fault.js';
import { type DatabaseLimits, upkeepLimits } from './database-limits.js';
import type { DatabaseLog } from './database-log.js';
import { findLostAnswers } from './find-lost-answers.js';
import { parseDatabaseUrl } from './parse-database-url.js';
import { poolParameters, splitConnections } from './pool-parameters.js';
import { requireVersion } from './require-version.js';
import { type ForTable, sharePool, unshared } from './share-pool.js';
import { type ClientWatch, giveUpClient, watchClients } from './watch-clients.js';

/** Milliseconds of silence after which the system asks whether the other end is still there. */
const KEEP_ALIVE_AFTER_MS = 10_000;
/** A connection that is not used for so long is ended; what is asked once a minute does not open one each time. */
const IDLE_MS = 5 * 60_000;
/** A server that does not end an idle connection within this time does not hear that it should. */
const CLOSED_WITHIN_MS = 2_000;

/** The connections of one process to its PostgreSQL server. */
export interface ServerPools {
  /** For what requests ask; shared between tables where there are enough connections. */
  readonly pool: pg.Pool;
  /** A few, kept apart for the relay and for /readyz; where there are too few connections in all, the same pool. */
  readonly upkeep: pg.Pool;
  readonly forTable: ForTable;
  close(): Promise<void>;
}

export interface ServerPoolOptions {
  readonly log: DatabaseLog;
  readonly limits: DatabaseLimits;
}

/** Opens connections to a PostgreSQL server that was seen to answer, and to be new enough. */
export async function openServerPools(
  databaseUrl: string,
  { log, limits }: ServerPoolOptions,
): Promise<ServerPools> {
  const url = parseDatabaseUrl(databaseUrl);
  const { max, ignored } = poolParameters(url, limits);
  if (ignored !== undefined) log.warn(ignored);
  const { main, apart } = splitConnections(max);
  const watches: ClientWatch[] = [];
  const onSilent = (sentAtMs: number): void => {
    for (const watch of watches) watch.endIdleSince(sentAtMs);
  };
  const open = (size: number, of: DatabaseLimits): { pool: pg.Pool; watch: ClientWatch } => {
    const opened = limitedPool(databaseUrl, { max: size, limits: of });
    const watch = watchClients(opened, { statementMs: of.statementMs, onSilent });
    watches.push(watch);
    return { pool: opened, watch };
  };
  const { pool, watch: ofRequests } = open(main, limits);
  const upkeep = apart === 0 ? pool : open(apart, upkeepLimits(limits)).pool;
  const forTable = apart === 0 ? unshared : sharePool(pool, { places: main, waitMs: limits.connectMs });
  const stopFinding = apart === 0 ? () => undefined : findLostAnswers({ watch: ofRequests, upkeep });
  const close = async (): Promise<void> => {
    stopFinding();
    // Those that are busy are ended by their own limit.
    const late = setInterval(() => onSilent(performance.now() - CLOSED_WITHIN_MS), CLOSED_WITHIN_MS);
    await Promise.all([pool.end(), upkeep === pool ? undefined : upkeep.end()]);
    clearInterval(late);
  };
  try {
    await checkServer(pool, url);
    return { pool, upkeep, forTable, close };
  } catch (error) {
    await close();
    throw error instanceof ConfigurationError ? error : connectionFault(error, url, limits);
  }
}

/** The pool waits for what `onConnect` returns, of which its types say nothing. */
type AwaitedConfig = Omit<pg.PoolConfig, 'onConnect'> & {
  readonly onConnect: (client: pg.ClientBase) => Promise<void>;
};

function limitedPool(
  connectionString: string,
  { max, limits: { connectMs, statementMs } }: { max: number; limits: DatabaseLimits },
): pg.Pool {
  const config: AwaitedConfig = {
    connectionString,
    max,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    application_name: 'corral',
    // Not as a parameter of the start, which poolers refuse. It is waited for, and a connection that fails it is not used.
    onConnect: (client) => limitStatements(client, { connectMs, statementMs }),
  };
  const limited = new pg.Pool(config);
  // The user of a connection that is ended is told by the statement that fails. Without a listener its process would end.
  limited.on('connect', (client) => client.on('error', () => undefined));
  return limited;
}

/** A transaction whose client does not go on holds its locks no longer than a statement may take. */
async function limitStatements(
  client: pg.ClientBase,
  { connectMs, statementMs }: DatabaseLimits,
): Promise<void> {
  const timer = setTimeout(() => giveUpClient(client, 'it went silent while it was opened'), connectMs);
  try {
    await client.query(
      `SELECT set_config('statement_timeout', '${statementMs}', false), set_config('idle_in_transaction_session_timeout', '${statementMs}', false)`,
    );
  } finally {
    clearTimeout(timer);
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
    // The counter of the pool's statements is not there yet: it would never see those of this connection.
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
