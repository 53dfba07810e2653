import type { OutboxPool } from '../pool-option.js';
import { untilSeen } from '../seen-transactions.js';
import type { LogPlan } from './log-plan.js';

/** What a reader knows of the tables while it reads. */
export interface PlanInUse {
  readonly plan: LogPlan;
  /** Tables that the log has told of and that are none of the plan's, as partitions that are gone. */
  readonly strangers: ReadonlySet<number>;
  /** The plan is at least as new as what was committed up to this place. */
  readonly newerThan: bigint;
}

/** What in the log shows that a plan is not the present one. */
export interface Hint {
  readonly xid: number;
  /** The place of its commit, where a start has changed the plan. */
  readonly changedAt?: bigint;
  /** The table that the plan does not have. */
  readonly stranger?: number;
}

/** Ends a stream, so that it is read on with the plan of now. */
export class PlanOutdated extends Error {
  readonly hint: Hint;

  constructor(hint: Hint) {
    super('what is read of the log has changed');
    this.hint = hint;
  }
}

const SEEN_WITHIN_MS = 3000;

/** Reads the plan for each reader, and remembers what it was read for: nothing in the log is a reason to read it twice. */
export class PlanReader {
  readonly #pool: OutboxPool;
  readonly #read: () => Promise<LogPlan>;
  readonly #strangers = new Set<number>();
  #newerThan = 0n;
  #hint: Hint | undefined;

  constructor(pool: OutboxPool, read: () => Promise<LogPlan>) {
    this.#pool = pool;
    this.#read = read;
  }

  isOutdated({ hint }: PlanOutdated): void {
    this.#hint = hint;
  }

  async read(): Promise<PlanInUse> {
    const hint = this.#hint;
    // A commit is in the log before others see what it has changed.
    if (hint !== undefined) await untilSeen(this.#pool, new Set([hint.xid]), SEEN_WITHIN_MS);
    const plan = await this.#read();
    if (hint?.changedAt !== undefined && hint.changedAt > this.#newerThan) this.#newerThan = hint.changedAt;
    if (hint?.stranger !== undefined) this.#strangers.add(hint.stranger);
    for (const oid of plan.tables.flatMap(({ oids }) => oids)) this.#strangers.delete(oid);
    this.#hint = undefined;
    return { plan, strangers: new Set(this.#strangers), newerThan: this.#newerThan };
  }
}
