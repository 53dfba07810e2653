import type { Outbox } from '../cache/index.js';
import { postgresOutbox } from '../cache/postgres/index.js';
import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import type { DatabaseLog } from '../database/database-log.js';
import { patientPool } from '../database/patient-pool.js';
import { tagsOfRows } from '../outbox/tags-of-rows.js';

interface ApiOutboxParts {
  readonly database: () => Promise<Pick<Database, 'pool' | 'upkeep'>>;
  readonly log: DatabaseLog;
  readonly config: Pick<Config, 'databaseUrl'>;
}

/** The outbox of the API, in a database that is opened when the cache opens this. */
export function apiOutbox({ database, log, config: { databaseUrl } }: ApiOutboxParts): Outbox {
  return postgresOutbox({
    pool: async () => (await database()).upkeep,
    slowPool: async () => patientPool((await database()).pool),
    tables: tagsOfRows,
    log,
    // The embedded database has no second connection, and no other program writes to it.
    ...(databaseUrl === undefined ? { listen: false } : { listenUrl: databaseUrl }),
  });
}
