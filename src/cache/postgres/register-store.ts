import { setTimeout as passes } from 'node:timers/promises';
import { CacheError } from '../errors.js';
import type { Home } from './home.js';
import { inTransaction } from './in-transaction.js';
import type { OutboxPool } from './pool-option.js';
import { sqlstateOf } from './sqlstate.js';

/** While the lock is waited for, writers wait behind it: therefore never for long, and rather again. */
const LOCK_TIMEOUT = '500ms';
const ATTEMPTS = 10;
const PAUSE_MS = 500;

/**
 * Makes the triggers write rows for this store too; true where they did already. Every transaction whose triggers have
 * read the list of stores is waited for, and every later one finds this store in it: nothing that is committed after
 * this is missed. @throws CacheError when a transaction of another session stays open for too long.
 */
export async function registerStore(pool: OutboxPool, home: Home, store: string): Promise<boolean> {
  const seen = await pool.query(`UPDATE ${home.stores} SET "seenAt" = clock_timestamp() WHERE "name" = $1`, [
    store,
  ]);
  if (seen.rowCount === 1) return true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await insertLocked(pool, home, store);
      return false;
    } catch (error) {
      if (sqlstateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
      if (attempt === ATTEMPTS) throw stillWriting(error);
      await passes(PAUSE_MS);
    }
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

function insertLocked(pool: OutboxPool, { stores }: Home, store: string): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query(`LOCK TABLE ${stores} IN ACCESS EXCLUSIVE MODE`);
    await client.query(`INSERT INTO ${stores} ("name") VALUES ($1) ON CONFLICT DO NOTHING`, [store]);
  });
}

function stillWriting(cause: unknown): CacheError {
  return new CacheError(
    'CACHE_CONFIGURATION',
    'A transaction that writes to a cached table has been open for 10 seconds; end it, and start again: what it ' +
      'commits would not be seen by this cache.',
    { cause },
  );
}
