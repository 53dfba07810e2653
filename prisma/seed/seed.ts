import type { ClientBase } from 'pg';
import type { Database } from '../../src/database/database.js';
import type { DatabaseLog } from '../../src/database/database-log.js';
import { patientPool } from '../../src/database/patient-pool.js';
import { type DemoData, demoData } from './demo-data.js';
import { insertDemoData } from './insert-demo-data.js';
import { startProgress } from './seed-progress.js';

/** Any number that nothing else locks: two servers that start together must not both seed. */
const advisoryLock = 72_707_370;

/**
 * Fills an empty database with the demo data: real films, generated viewers. Returns whether it did; a database
 * that has a film or a user is left alone. One transaction: a seed that is killed leaves nothing, and the next
 * start begins again.
 */
export async function seedDatabase(database: Database, { log }: { log: DatabaseLog }): Promise<boolean> {
  if (!(await isEmpty(database.pool))) return false;
  const data = await demoData();
  // The second of two waits for the whole seed of the first, in one statement.
  const client = await patientPool(database.pool).connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLock]);
    const isFirst = await isEmpty(client);
    if (isFirst) await load(client, data, log);
    await client.query('COMMIT');
    return isFirst;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the transaction with it; the first error says more.
    });
    throw error;
  } finally {
    client.release();
  }
}

async function isEmpty(client: Pick<ClientBase, 'query'>): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT WHERE EXISTS (SELECT FROM "Movie") OR EXISTS (SELECT FROM "User")',
  );
  return rowCount === 0;
}

async function load(client: ClientBase, data: DemoData, log: DatabaseLog): Promise<void> {
  const totalRows = Object.values(data).reduce((sum, rows) => sum + rows.length, 0);
  const progress = await startProgress(totalRows, log);
  try {
    await insertDemoData(client, data, (rows) => progress.advance(rows));
  } finally {
    progress.stop();
  }
  for (const table of ['Movie', 'Person', 'User']) await bumpSequence(client, table);
  // Without statistics the first reports would be planned for empty tables.
  await client.query('ANALYZE "Person", "Movie", "User", "Credential", "Rating", "Playback"');
}

/** The rows brought their ids along; the next new row must come after them. */
async function bumpSequence(client: ClientBase, table: string): Promise<void> {
  await client.query(
    `SELECT setval(pg_get_serial_sequence('"${table}"', 'id'), (SELECT max("id") FROM "${table}"))`,
  );
}
