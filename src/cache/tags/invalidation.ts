import type { Clock } from '../clock.js';
import type { CacheLog } from '../log.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { Entries } from './entries.js';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 25;

export interface InvalidationOptions {
  readonly entries: Entries;
  readonly clock: Clock;
  readonly log: CacheLog;
}

/** Applies the invalidations of one write; true once they are applied, false when the store refused every attempt. */
export type Invalidate = (
  tags: readonly string[],
  site: { readonly coordinate: string; readonly counters: FieldCounters },
) => Promise<boolean>;

/** A write is acknowledged after this has ended. A failure is retried, counted and logged, never silent. */
export function createInvalidate({ entries, clock, log }: InvalidationOptions): Invalidate {
  return async (tags, { coordinate, counters }) => {
    if (tags.length === 0) return true;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await entries.invalidate(tags);
        counters.invalidations += 1;
        return true;
      } catch (error) {
        if (attempt === ATTEMPTS) {
          counters.failedInvalidations += 1;
          log.error(
            { coordinate, tags: tags.length, error: String(error) },
            'an invalidation could not be applied',
          );
          return false;
        }
        await clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  };
}
