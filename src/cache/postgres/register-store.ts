import { CacheError } from '../errors.js';
import type { Home } from './home.js';
import type { OutboxPool } from './pool-option.js';
import { NOTHING_SEEN } from './waiting-rows-sql.js';
import { isLockedByOthers, withShortLocks } from './short-locks.js';

/**
 * Makes the triggers write rows for this store too; true where they did already. Every transaction whose triggers have
 * read the list of stores is waited for, and every later one finds this store in it: nothing that is committed after
 * this is missed. @throws CacheError when a transaction of another session stays open for too long.
 */
export async function registerStore(pool: OutboxPool, home: Home, store: string): Promise<boolean> {
  const { quoted, stores } = home;
  const seen = await pool.query(
    `UPDATE ${stores} SET "seenAt" = clock_timestamp(), "seen" = ${NOTHING_SEEN}
     WHERE "name" = $1 AND "seenAt" > clock_timestamp() - interval '10 minutes'`,
    [store],
  );
  if (seen.rowCount === 1) return true;
  try {
    await withShortLocks(pool, async (client) => {
      await client.query(`LOCK TABLE ${stores} IN ACCESS EXCLUSIVE MODE`);
      await client.query(
        `INSERT INTO ${stores} ("name", "stamp") SELECT $1, stamp FROM ${quoted}.cache_outbox_standing() ON CONFLICT ("name")
         DO UPDATE SET "seenAt" = clock_timestamp(), "stamp" = excluded."stamp", "unsureUntil" = NULL, "seen" = ${NOTHING_SEEN}`,
        [store],
      );
    });
  } catch (error) {
    throw isLockedByOthers(error) ? stillWriting(error) : error;
  }
  return false;
}

function stillWriting(cause: unknown): CacheError {
  return new CacheError(
    'CACHE_CONFIGURATION',
    'A transaction that writes to a cached table has been open for 10 seconds; end it, and start again: what it ' +
      'commits would not be seen by this cache.',
    { cause },
  );
}
