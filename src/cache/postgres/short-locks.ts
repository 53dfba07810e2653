import { systemClock } from '../time/clock.js';
import type { ClientBase } from 'pg';
import { inTransaction } from './in-transaction.js';
import type { OutboxPool } from './pool-option.js';
import { sqlstateOf } from './sqlstate.js';

/**
 * While a lock is waited for, writers wait behind it: therefore never for long, and rather again. It is shorter than what
 * PostgreSQL takes to find a deadlock, so that it is this transaction that gives way, and not that of an application.
 */
export const WAIT_SHORTLY = `SET LOCAL lock_timeout = '500ms'`;
const ATTEMPTS = 10;
const PAUSE_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK_DETECTED = '40P01';

/** Whether a table was locked by others for as long as all attempts took, which is ten seconds. */
export function isLockedByOthers(error: unknown): boolean {
  const code = sqlstateOf(error);
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK_DETECTED;
}

/** Works in a transaction that waits for no lock for long; where one is not to be had, the whole work is done again a little later. */
export async function withShortLocks<T>(
  pool: OutboxPool,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(pool, async (client) => {
        await client.query(WAIT_SHORTLY);
        return work(client);
      });
    } catch (error) {
      if (attempt === ATTEMPTS || !isLockedByOthers(error)) throw error;
      await systemClock.sleep(PAUSE_MS);
    }
  }
}
