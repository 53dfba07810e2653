import { applyMigrations } from '../../../src/database/apply-migrations.js';
import type { Database } from '../../../src/database/database.js';
import { copiedDatabase } from './copied-database.js';
import { testLog } from '../test-log.js';

/** An embedded database in memory with all tables and no rows; close it when the file is done. */
export function memoryDatabase(): Promise<Database> {
  return copiedDatabase('empty', ({ pool }) => applyMigrations({ pool, log: testLog() }));
}
