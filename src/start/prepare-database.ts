import { seedDatabase } from '../../prisma/seed/seed.js';
import type { Environment } from '../config.js';
import { applyMigrations } from '../database/apply-migrations.js';
import type { Database } from '../database/database.js';
import type { DatabaseLog } from '../database/database-log.js';

/** Brings the tables up to date; in development an empty database also gets the demo data. */
export async function prepareDatabase(
  database: Database,
  { log, environment }: { log: DatabaseLog; environment: Environment },
): Promise<void> {
  await applyMigrations({ pool: database.pool, log });
  if (environment === 'development') await seedDatabase(database, { log });
}
