import type { ClientBase, Pool } from 'pg';
import { ConfigurationError } from '../start/configuration-error.js';
import type { DatabaseLog } from '../database/database-log.js';
import { liftLimits } from '../database/watch-clients.js';
import { planTriggers } from './plan-triggers.js';
import { readTables } from './read-tables.js';
import type { TagsOfRows } from './tags-of-rows.js';
import { FUNCTION_PREFIX, sharedFunctions, tableTriggers, type TableTriggers } from './trigger-sql.js';

export interface SyncOptions {
  readonly pool: Pool;
  readonly log: DatabaseLog;
  readonly declared: TagsOfRows;
  readonly namespaces: ReadonlySet<string>;
  readonly used?: ReadonlySet<string> | undefined;
}

/** Processes that start together make the triggers one after the other. */
const ADVISORY_LOCK = 72_707_370;
/** A table that somebody else keeps locked must not hold up the start for ever. */
const LOCK_TIMEOUT = '10s';

interface Present {
  readonly name: string;
  readonly table: string;
  readonly stamp: string | null;
  readonly triggers: number;
}

/**
 * Makes the triggers of the database those that the declarations ask for; what is there already is left alone.
 * @throws ConfigurationError when a declaration does not fit the tables, or the rights are missing.
 */
export async function syncTriggers({ pool, log, declared, namespaces, used }: SyncOptions): Promise<void> {
  const client = await pool.connect();
  const isLifted = await liftLimits(client);
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    const watched = planTriggers({ tables: await readTables(client), declared, namespaces, used });
    const schema = await currentSchema(client);
    const wanted = watched.map((table) => tableTriggers(schema, table));
    const changed = await bringUpToDate(client, schema, wanted);
    await client.query('COMMIT');
    if (changed.length > 0) log.info(`Writes are watched by triggers on ${changed.join(', ')}.`);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the transaction with it.
    });
    throw error instanceof ConfigurationError ? error : refusal(error);
  } finally {
    client.release(isLifted);
  }
}

async function bringUpToDate(
  client: ClientBase,
  schema: string,
  wanted: readonly TableTriggers[],
): Promise<readonly string[]> {
  const present = await readPresent(client);
  const missing = wanted.filter(
    ({ functionName, stamp }) =>
      !present.some((other) => other.name === functionName && other.stamp === stamp && other.triggers === 3),
  );
  if (missing.length > 0) await client.query(sharedFunctions(schema));
  for (const { sql } of missing) await client.query(sql);
  for (const { name } of present) {
    if (wanted.some(({ functionName }) => functionName === name)) continue;
    // The triggers that call it go with it.
    await client.query(`DROP FUNCTION "${name.replaceAll('"', '""')}"() CASCADE`);
  }
  return missing.map(({ table }) => table);
}

async function readPresent(client: ClientBase): Promise<readonly Present[]> {
  const { rows } = await client.query<Present>(
    `SELECT p.proname AS name, obj_description(p.oid, 'pg_proc') AS stamp,
            (SELECT count(*)::int FROM pg_trigger AS t WHERE t.tgfoid = p.oid AND t.tgenabled <> 'D') AS triggers
     FROM pg_proc AS p
     WHERE p.pronamespace = current_schema()::regnamespace AND starts_with(p.proname, $1)`,
    [FUNCTION_PREFIX],
  );
  return rows;
}

async function currentSchema(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ schema: string }>('SELECT current_schema() AS schema');
  return rows[0]?.schema ?? 'public';
}

function refusal(cause: unknown): ConfigurationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigurationError(
    `The triggers that watch for writes cannot be made: ${reason}. The user of DATABASE_URL must own the tables.`,
    { cause },
  );
}
