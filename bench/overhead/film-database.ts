import { connectDatabase } from '../../src/database/connect-database.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import type { Closer } from '../../src/start/close-all.js';
import { seedDatabase } from '../../prisma/seed/seed.js';
import { MissingBinary } from '../../test/support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../test/support/private-postgres.js';
import { testLog } from '../../test/support/test-log.js';

/** Where the API servers find the demo data. */
export interface FilmDatabase {
  /** Undefined: each keeps its own in the memory of its process. */
  readonly url: string | undefined;
  readonly title: string;
}

const IN_MEMORY: FilmDatabase = { url: undefined, title: 'PGlite in the memory of each API' };

/** A PostgreSQL of its own with the demo data; without its programs, or where nobody needs one, none. */
export async function openFilmDatabase(isNeeded: boolean, closers: Closer[]): Promise<FilmDatabase> {
  const server = isNeeded ? await startPostgres() : undefined;
  if (server === undefined) return isNeeded ? IN_MEMORY : { url: undefined, title: 'no API' };
  closers.push({ what: 'PostgreSQL', close: () => server.stop() });
  const url = await server.createDatabase();
  const log = testLog();
  const database = await connectDatabase({ databaseUrl: url, dataDirectory: '', log });
  try {
    await applyMigrations({ pool: database.pool, log });
    await seedDatabase(database, { log });
    const { rows } = await database.pool.query<{ server_version: string }>('SHOW server_version');
    return { url, title: `PostgreSQL ${rows[0]?.server_version.split(' ')[0]}` };
  } finally {
    await database.close();
  }
}

async function startPostgres(): Promise<PrivatePostgres | undefined> {
  console.error('starting PostgreSQL, with the demo data');
  try {
    return await privatePostgres();
  } catch (error) {
    if (error instanceof MissingBinary) return undefined;
    throw error;
  }
}
