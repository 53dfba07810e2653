import type { Pool } from 'pg';

/** A writer that has been at work for longer than this holds up the start no more; the next one is waited for again. */
const LOCK_TIMEOUT = '10s';

/**
 * Makes the triggers write rows for this store too; true where they did already. Every transaction whose triggers have
 * read the list of stores is waited for, and every later one finds this store in it: nothing that is committed after
 * this is missed.
 */
export async function registerStore(pool: Pool, store: string): Promise<boolean> {
  const seen = await pool.query('UPDATE "CacheStore" SET "seenAt" = clock_timestamp() WHERE "name" = $1', [
    store,
  ]);
  if (seen.rowCount === 1) return true;
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('LOCK TABLE "CacheStore" IN ACCESS EXCLUSIVE MODE');
    await client.query('INSERT INTO "CacheStore" ("name") VALUES ($1) ON CONFLICT DO NOTHING', [store]);
    await client.query('COMMIT');
    return false;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the transaction with it.
    });
    throw error;
  } finally {
    client.release();
  }
}
