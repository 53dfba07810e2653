import { hasCome, type Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import { namespaceOf } from '../keys/namespace.js';
import type { FlushTarget } from './flush-target.js';

/** How long a flush is waited for. */
const FLUSH_WITHIN_MS = 30_000;
/** With so many under way that are waited for no longer others begin seldom: each holds its states, and a connection to the database. */
const MANY_LATE = 3;
/** Those that never end, as on connections that are dead, must not hold up all others for good. */
const SELDOM_MS = 600_000;

/**
 * A flush took so long that it is waited for no longer: the database may still take it, which its numbers make harmless. Or it was
 * not begun, as too many such flushes are under way.
 */
export class LateFlush extends Error {
  /** Resolves, or rejects, as the flush does in the end; undefined where it was not begun. */
  readonly work: Promise<void> | undefined;

  constructor(namespace: string, work?: Promise<void>) {
    const which = work === undefined ? 'an earlier flush' : 'the flush';
    super(`${which} of ${namespace} has not ended after ${FLUSH_WITHIN_MS / 1000} s`);
    this.name = 'LateFlush';
    this.work = work;
  }
}

/** The same target; a flush of it that does not end fails, and is tried again. */
export function timelyTarget({ flush, isPermanent }: FlushTarget, clock: Clock): FlushTarget {
  let late = 0;
  let begunAtMs = -Infinity;
  return {
    flush: (writes) => {
      const namespace = namespaceOf(writes[0]?.key ?? '');
      const isSoon = !hasCome(begunAtMs + SELDOM_MS, clock.nowMs(), SELDOM_MS);
      if (late >= MANY_LATE && isSoon) return Promise.reject(new LateFlush(namespace));
      begunAtMs = clock.nowMs();
      const work = flush(writes);
      const onLate = (): never => {
        late += 1;
        const onEnd = (): void => void (late -= 1);
        void work.then(onEnd, onEnd);
        throw new LateFlush(namespace, work);
      };
      return within(clock, { work, ms: FLUSH_WITHIN_MS, onLate });
    },
    isPermanent: (error) => (error instanceof LateFlush ? false : isPermanent(error)),
  };
}
