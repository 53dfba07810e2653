import { systemClock } from '../time/clock.js';
import { doublingPauseMs } from '../time/doubling-pause.js';
import type { OutboxPool } from './pool-option.js';

const SNAPSHOT = 'SELECT pg_current_snapshot()::text AS snapshot';
/** A snapshot does not list those that began after all that have ended. This one begins after all of them, and ends at once. */
const NEWEST = 'SELECT pg_current_xact_id()';
const PAUSE = { firstMs: 1, longestMs: 50 };

/** Transactions that a new statement does not see yet, by the lower halves of their numbers. */
interface Snapshot {
  readonly next: number;
  readonly underWay: ReadonlySet<number>;
}

/**
 * Resolves once every new statement sees what these transactions wrote. A commit is in the log before that: by moments, or for
 * as long as it waits for a synchronous standby. What is invalidated in between would be loaded again as it was before.
 * @throws where that takes longer.
 */
export async function untilSeen(
  pool: Pick<OutboxPool, 'query'>,
  xids: ReadonlySet<number>,
  withinMs: number,
): Promise<void> {
  const areSeen = (seen: Snapshot): boolean => Array.from(xids).every((xid) => isSeenIn(seen, xid));
  if (xids.size > 0 && !(await untilSnapshot(pool, areSeen, withinMs))) {
    throw new Error(
      'a transaction is in the log whose commit is not over, as while it waits for a synchronous standby',
    );
  }
}

/** Of transactions that have a number by now: whether every new statement sees what they wrote. */
export async function seenNow(pool: Pick<OutboxPool, 'query'>): Promise<(xid: number) => boolean> {
  const seen = await snapshot(pool);
  return (xid) => isSeenIn(seen, xid);
}

/** Waits for the transactions that write now to end, but not for long ones: false where some of them are still open then. */
export async function untilOthersEnd(pool: Pick<OutboxPool, 'query'>, withinMs: number): Promise<boolean> {
  await pool.query(NEWEST);
  const { underWay: before } = await snapshot(pool);
  return untilSnapshot(
    pool,
    ({ underWay }) => Array.from(before).every((xid) => !underWay.has(xid)),
    withinMs,
  );
}

async function untilSnapshot(
  pool: Pick<OutboxPool, 'query'>,
  isEnough: (snapshot: Snapshot) => boolean,
  withinMs: number,
): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  for (let looks = 1; ; looks += 1) {
    if (isEnough(await snapshot(pool))) return true;
    if (performance.now() > untilMs) return false;
    await systemClock.sleep(doublingPauseMs(PAUSE, looks));
  }
}

function isSeenIn({ next, underWay }: Snapshot, xid: number): boolean {
  return ((xid - next) | 0) < 0 && !underWay.has(xid);
}

async function snapshot(pool: Pick<OutboxPool, 'query'>): Promise<Snapshot> {
  const { rows } = await pool.query<{ snapshot: string }>(SNAPSHOT);
  const [, next = '0', underWay = ''] = (rows[0]?.snapshot ?? '').split(':');
  return {
    next: lowerHalf(next),
    underWay: new Set(underWay === '' ? [] : underWay.split(',').map(lowerHalf)),
  };
}

function lowerHalf(xid: string): number {
  return Number(BigInt(xid) & 0xffffffffn);
}
