import type { OutboxPool } from '../pool-option.js';
import { seenNow, untilSeen } from '../seen-transactions.js';
import type { LogPlan } from './log-plan.js';
import { readLsn } from './lsn.js';

/** What a reader knows of the tables while it reads. */
export interface PlanInUse {
  readonly plan: LogPlan;
  /** Whether the plan is newer than this transaction, which was committed at this place: it has what that changed. */
  isAfter(xid: number, commit: bigint): boolean;
}

/** Ends a stream, so that it is read on with the plan of now. */
export class PlanOutdated extends Error {
  /** The transaction that shows it. */
  readonly xid: number;
  /** It shows it by a table that the plan does not have. */
  readonly hasNewTable: boolean;

  constructor(xid: number, hasNewTable: boolean) {
    super('what is read of the log has changed');
    this.xid = xid;
    this.hasNewTable = hasNewTable;
  }
}

const SEEN_WITHIN_MS = 3000;

/** Reads the plan for each reader; one transaction is no reason to read it twice. */
export class PlanReader {
  readonly #pool: OutboxPool;
  readonly #read: () => Promise<LogPlan>;
  #shownBy = new Set<number>();

  constructor(pool: OutboxPool, read: () => Promise<LogPlan>) {
    this.#pool = pool;
    this.#read = read;
  }

  isOutdated({ xid }: PlanOutdated): void {
    this.#shownBy = new Set([xid]);
  }

  async read(): Promise<PlanInUse> {
    // A commit is in the log before others see what it has changed.
    await untilSeen(this.#pool, this.#shownBy, SEEN_WITHIN_MS);
    this.#shownBy = new Set();
    const isSeen = await seenNow(this.#pool);
    // Numbers of transactions begin again, places do not.
    const { rows } = await this.#pool.query<{ place: string }>(
      'SELECT pg_current_wal_insert_lsn()::text AS place',
    );
    const place = readLsn(rows[0]?.place ?? '0/0');
    const plan = await this.#read();
    return { plan, isAfter: (xid, commit) => commit < place && isSeen(xid) };
  }
}
