import type { ClientBase, Pool } from 'pg';
import { checkHistory } from './check-history.js';
import { ConfigurationError } from '../start/configuration-error.js';
import type { DatabaseLog } from './database-log.js';
import { createHistory, readHistory, recordFailure, recordFinish, recordStart } from './migration-history.js';
import { liftLimits } from './watch-clients.js';
import { type Migration, migrationsDirectory, readMigrations } from './read-migrations.js';

export interface MigrationOptions {
  readonly pool: Pool;
  readonly log: DatabaseLog;
  /** Default: prisma/migrations of this package. */
  readonly directory?: string | undefined;
}

/** The number that `prisma migrate deploy` locks too: a process that comes second waits, and finds nothing left to do. */
const advisoryLock = 72_707_369;

/**
 * Applies the migrations that the database does not have, as `prisma migrate deploy` would, and returns their names.
 * Needs no engine binary. Refuses, changing nothing, when the history says that the database is not in order.
 */
export async function applyMigrations(options: MigrationOptions): Promise<string[]> {
  const migrations = await readMigrations(options.directory ?? migrationsDirectory);
  const client = await options.pool.connect();
  // A migration, and the wait for that of another process, may take long.
  const isLifted = await liftLimits(client);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    return await applyMissing(client, migrations, options.log);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [advisoryLock]).catch(() => {
      // The connection is gone, and the lock went with it.
    });
    client.release(isLifted);
  }
}

async function applyMissing(
  client: ClientBase,
  migrations: Migration[],
  log: DatabaseLog,
): Promise<string[]> {
  const history = await readHistory(client);
  const missing = await checkHistory({ client, history, migrations, log });
  if (history === 'absent') await createHistory(client);
  for (const migration of missing) await applyOne(client, migration);
  if (missing.length > 0)
    log.info(`Applied ${missing.length} database migration${missing.length === 1 ? '' : 's'}.`);
  return missing.map(({ name }) => name);
}

async function applyOne(client: ClientBase, migration: Migration): Promise<void> {
  // PostgreSQL builds an index CONCURRENTLY outside transactions only; all else leaves no trace when it fails or
  // when the process is killed.
  const inTransaction = !/\bCONCURRENTLY\b/i.test(migration.sql);
  if (inTransaction) await client.query('BEGIN');
  let id = await recordStart(client, migration);
  try {
    await client.query(migration.sql);
  } catch (cause) {
    if (inTransaction) {
      await client.query('ROLLBACK');
      id = await recordStart(client, migration);
    }
    await recordFailure(client, id, String(cause));
    throw failure(migration.name, cause);
  }
  await recordFinish(client, id);
  if (inTransaction) await client.query('COMMIT');
}

function failure(name: string, cause: unknown): ConfigurationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigurationError(`Migration ${name} failed: ${reason}.`, { cause });
}
