import type { ClientBase } from 'pg';
import { ConfigurationError } from '../start/configuration-error.js';
import type { DatabaseLog } from './database-log.js';
import type { AppliedMigration } from './migration-history.js';
import type { Migration } from './read-migrations.js';

export interface HistoryCheck {
  readonly client: ClientBase;
  readonly history: AppliedMigration[] | 'absent';
  readonly migrations: Migration[];
  readonly log: DatabaseLog;
}

/** The migrations still to apply; throws when the database and the files do not tell the same story. */
export async function checkHistory({ client, history, migrations, log }: HistoryCheck): Promise<Migration[]> {
  if (history === 'absent') {
    await refuseForeignTables(client);
    return migrations;
  }
  const files = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const applied of history) {
    if (!applied.isFinished) throw unfinished(applied);
    const file = files.get(applied.name);
    if (file === undefined) {
      log.warn(
        `The database has migration ${applied.name}, which this version does not know; it may be newer.`,
      );
    } else if (file.checksum !== applied.checksum) throw edited(applied.name);
    files.delete(applied.name);
  }
  return [...files.values()];
}

function unfinished({ name, startedAt }: AppliedMigration): ConfigurationError {
  return new ConfigurationError(
    `Migration ${name} was begun on ${startedAt.toISOString()} and did not finish; ` +
      `put the database right, run \`npx prisma migrate resolve --rolled-back ${name}\`, and start again.`,
  );
}

function edited(name: string): ConfigurationError {
  return new ConfigurationError(
    `Migration ${name} was changed after it was applied; restore its migration.sql from version control ` +
      'and put the change into a new migration with `npm run migrate:new -- <name>`.',
  );
}

/** The database of another program, or ours made by hand: our tables must not be mixed in by mistake. */
async function refuseForeignTables(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename LIMIT 1`,
  );
  const table = rows[0]?.name;
  if (table === undefined) return;
  throw new ConfigurationError(
    `The database holds tables ("${table}" for one) but no history of migrations; use an empty database, ` +
      'or, if the tables are ours, run `npx prisma migrate resolve --applied <migration>` for each migration they have.',
  );
}
