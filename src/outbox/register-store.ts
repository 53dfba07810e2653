import { setTimeout as passes } from 'node:timers/promises';
import type { Pool } from 'pg';
import { ConfigurationError } from '../start/configuration-error.js';

/** While the lock is waited for, writers wait behind it: therefore never for long, and rather again. */
const LOCK_TIMEOUT = '500ms';
const ATTEMPTS = 10;
const PAUSE_MS = 500;

/**
 * Makes the triggers write rows for this store too; true where they did already. Every transaction whose triggers have
 * read the list of stores is waited for, and every later one finds this store in it: nothing that is committed after
 * this is missed. @throws ConfigurationError when somebody's transaction stays open for too long.
 */
export async function registerStore(pool: Pool, store: string): Promise<boolean> {
  const seen = await pool.query('UPDATE "CacheStore" SET "seenAt" = clock_timestamp() WHERE "name" = $1', [
    store,
  ]);
  if (seen.rowCount === 1) return true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await insertLocked(pool, store);
      return false;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (attempt === ATTEMPTS) throw stillWriting(error);
      await passes(PAUSE_MS);
    }
  }
}

async function insertLocked(pool: Pool, store: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('LOCK TABLE "CacheStore" IN ACCESS EXCLUSIVE MODE');
    await client.query('INSERT INTO "CacheStore" ("name") VALUES ($1) ON CONFLICT DO NOTHING', [store]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is gone, and the transaction with it.
    });
    throw error;
  } finally {
    client.release();
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}

function stillWriting(cause: unknown): ConfigurationError {
  return new ConfigurationError(
    'A transaction that writes to a cached table has been open for 10 seconds; end it, and start again: what it ' +
      'commits would not be seen by this cache.',
    { cause },
  );
}
