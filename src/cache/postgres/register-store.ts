import { CacheError } from '../errors.js';
import type { Home } from './home.js';
import type { OutboxPool } from './pool-option.js';
import { NOTHING_SEEN } from './waiting-rows-sql.js';
import { isLockedByOthers, withShortLocks } from './short-locks.js';

/** What a row of the outbox says of a store for which none were written until then. */
export const ABSENCE = 'no rows were written for this store before, or not since it was away for long';

/**
 * Makes the triggers write rows for this store too. Every transaction whose triggers have read the list of stores is waited
 * for, and every later one finds this store in it: nothing that is committed after this is missed. What was written before
 * is not known, so a row has everything forgotten, in the same commit: whichever process looks next does so, also where this
 * one ends here. @throws CacheError when a transaction of another session stays open for too long.
 */
export async function registerStore(pool: OutboxPool, home: Home, store: string): Promise<void> {
  const { quoted, outbox, stores } = home;
  const seen = await pool.query(
    `UPDATE ${stores} SET "seenAt" = clock_timestamp(), "seen" = ${NOTHING_SEEN}
     WHERE "name" = $1 AND "seenAt" > clock_timestamp() - interval '10 minutes'`,
    [store],
  );
  if (seen.rowCount === 1) return;
  try {
    await withShortLocks(pool, async (client) => {
      await client.query(`LOCK TABLE ${stores} IN ACCESS EXCLUSIVE MODE`);
      await client.query(
        `INSERT INTO ${stores} ("name", "stamp") SELECT $1, stamp FROM ${quoted}.cache_outbox_standing() ON CONFLICT ("name")
         DO UPDATE SET "seenAt" = clock_timestamp(), "stamp" = excluded."stamp", "unsureUntil" = NULL, "seen" = ${NOTHING_SEEN}`,
        [store],
      );
      await client.query(`INSERT INTO ${outbox} ("store", "because") VALUES ($1, $2)`, [store, ABSENCE]);
    });
  } catch (error) {
    throw isLockedByOthers(error) ? stillWriting(error) : error;
  }
}

function stillWriting(cause: unknown): CacheError {
  return new CacheError(
    'CACHE_CONFIGURATION',
    'A transaction that writes to a cached table has been open for 10 seconds; end it, and start again: what it ' +
      'commits would not be seen by this cache.',
    { cause },
  );
}
