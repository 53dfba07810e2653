import { createDatabase, type Database } from './database.js';
import type { DatabaseLog } from './database-log.js';
import { openEmbeddedPostgres } from './embedded-postgres.js';
import { openServerPools } from './server-pool.js';
import { type DatabaseLimits, defaultLimits } from './database-limits.js';

export interface DatabaseOptions {
  /** A PostgreSQL server, version 14 or later; without it the embedded one is used. */
  readonly databaseUrl?: string | undefined;
  /** Where the embedded database keeps its files; not touched when there is a databaseUrl. */
  readonly dataDirectory: string;
  readonly log: DatabaseLog;
  /** Of a server; the embedded database has none, as a long statement there is work, not a fault. Default: 5 s and 10 s. */
  readonly limits?: DatabaseLimits | undefined;
  /** Sees the text of every statement; for debugging. */
  readonly onStatement?: ((sql: string) => void) | undefined;
}

/** Opens the database and proves that it answers; rejects with a ConfigurationError that says what to change. */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDirectory, log, limits = defaultLimits, onStatement } = options;
  if (databaseUrl === undefined) {
    const embedded = await openEmbeddedPostgres(dataDirectory);
    return createDatabase({ ...embedded, kind: 'embedded', log, onStatement });
  }
  const pools = await openServerPools(databaseUrl, { log, limits });
  return createDatabase({ ...pools, kind: 'postgresql', limits, log, onStatement });
}
