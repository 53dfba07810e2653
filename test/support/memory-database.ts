import { applyMigrations } from '../../src/database/apply-migrations.js';
import { createDatabase, type Database } from '../../src/database/database.js';
import { openMemoryPostgres } from '../../src/database/embedded-postgres.js';
import { testLog } from './test-log.js';

/** An embedded database in memory with all tables and no rows; close it when the file is done. */
export async function memoryDatabase(): Promise<Database> {
  const log = testLog();
  const database = createDatabase({ ...(await openMemoryPostgres()), kind: 'embedded', log });
  await applyMigrations({ pool: database.pool, log });
  return database;
}
