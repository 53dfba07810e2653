import { createDatabase, type Database } from './database.js';
import type { DatabaseLog } from './database-log.js';
import { openEmbeddedPostgres } from './embedded-postgres.js';
import { openServerPool } from './server-pool.js';

export interface DatabaseOptions {
  /** A PostgreSQL server, version 14 or later; without it the embedded one is used. */
  readonly databaseUrl?: string | undefined;
  /** Where the embedded database keeps its files; not touched when there is a databaseUrl. */
  readonly dataDirectory: string;
  readonly log: DatabaseLog;
  /** Sees the text of every statement; for debugging. */
  readonly onStatement?: ((sql: string) => void) | undefined;
}

/** Opens the database and proves that it answers; rejects with a ConfigurationError that says what to change. */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDirectory, log, onStatement } = options;
  if (databaseUrl === undefined) {
    const embedded = await openEmbeddedPostgres(dataDirectory);
    return createDatabase({ ...embedded, kind: 'embedded', log, onStatement });
  }
  const pool = await openServerPool(databaseUrl, log);
  return createDatabase({ pool, kind: 'postgresql', close: () => pool.end(), log, onStatement });
}
