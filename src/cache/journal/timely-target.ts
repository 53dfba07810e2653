import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import { namespaceOf } from '../keys/namespace.js';
import type { FlushTarget } from './flush-target.js';

/** How long a flush is waited for. */
const FLUSH_WITHIN_MS = 30_000;

/** A flush took so long that it is waited for no longer. The database may still take it, which its numbers make harmless. */
export class LateFlush extends Error {
  constructor(namespace: string) {
    super(`the flush of ${namespace} has not ended after ${FLUSH_WITHIN_MS / 1000} s`);
    this.name = 'LateFlush';
  }
}

/** The same target; a flush of it that does not end fails, and is tried again. */
export function timelyTarget({ flush, isPermanent }: FlushTarget, clock: Clock): FlushTarget {
  return {
    flush: (writes) => {
      const onLate = (): never => {
        throw new LateFlush(namespaceOf(writes[0]?.key ?? ''));
      };
      return within(clock, { work: flush(writes), ms: FLUSH_WITHIN_MS, onLate });
    },
    isPermanent: (error) => (error instanceof LateFlush ? false : isPermanent(error)),
  };
}
