import { textOf } from '../errors.js';
import type { Clock } from '../time/clock.js';
import type { CacheLog } from '../log.js';
import { OnceInAWhile } from '../time/once-in-a-while.js';
import { StoreAway } from './store-away.js';

const QUIET_MS = 1000;

/**
 * Tells of a store that fails: at most once a second for each operation, with the number of failures since. A store
 * that is away says so itself. The caller of the operation is answered all the same.
 */
export function troubleLog(
  store: string,
  { log, clock }: { log: CacheLog; clock: Clock },
): (operation: string, error: unknown) => void {
  const told = new OnceInAWhile({ clock, quietMs: QUIET_MS });
  return (operation, error) => {
    if (error instanceof StoreAway) return;
    const failures = told.happened(operation);
    if (failures === undefined) return;
    const details = { store, operation, failures, error: textOf(error) };
    log.warn(details, 'the store failed; the origin answers');
  };
}
