import { hasCome, type Clock } from '../clock.js';
import type { CacheLog } from '../log.js';
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
  const told = new Map<string, { atMs: number; failures: number }>();
  return (operation, error) => {
    if (error instanceof StoreAway) return;
    const nowMs = clock.nowMs();
    const last = told.get(operation);
    if (last !== undefined && !hasCome(last.atMs + QUIET_MS, nowMs, QUIET_MS)) {
      last.failures += 1;
      return;
    }
    const failures = 1 + (last?.failures ?? 0);
    told.set(operation, { atMs: nowMs, failures: 0 });
    const details = { store, operation, failures, error: String(error) };
    log.warn(details, 'the store failed; the origin answers');
  };
}
