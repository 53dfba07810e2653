import type { MaybePromise } from '../maybe-promise.js';
import { createObjectNotes } from '../object-notes.js';
import type { Trace } from '../metrics/trace.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { LogReading } from '../store/store.js';
import { JoinedBatch } from './joined-batch.js';

export interface FollowedLogOptions {
  /** What is dropped as the log says. */
  readonly copies: readonly LocalCopies[];
  /** Reads on in the log of invalidations: see `Store.readLog`. */
  readonly readLog: (after: string | undefined) => MaybePromise<LogReading>;
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
}

/** A process that is so far behind is better off with no copies. */
const READINGS_AT_ONCE = 10;
const ONE_CHECK: readonly undefined[] = Object.freeze([undefined]);

/**
 * The log of invalidations, as a process follows it. Copies are served only after it has shown that they are unchanged: once for
 * each request, which is answered from them from then on. Every invalidation is in the log before it is acknowledged, so what
 * was acknowledged before the request began has been seen.
 */
export class FollowedLog {
  readonly #options: FollowedLogOptions;
  readonly #checks: JoinedBatch<undefined, boolean>;
  readonly #proven = createObjectNotes<boolean>();
  /** The last entry of the log that was applied; undefined while nothing is known. */
  #last: string | undefined;

  constructor(options: FollowedLogOptions) {
    this.#options = options;
    // Joined until it is sent and no longer: a check that is under way may have missed what was acknowledged since.
    this.#checks = new JoinedBatch((checks) => this.#check(checks));
  }

  /** Whether copies may be made: while the log is not read, they would not be dropped. */
  get isFollowing(): boolean {
    return this.#last !== undefined;
  }

  /** True once copies may answer this request; false while the log cannot be read. */
  prove(request: object | undefined, trace: Trace | undefined): MaybePromise<boolean> {
    if (request !== undefined && this.#proven.get(request) === true) return true;
    return this.#checks.ask(ONE_CHECK, trace).then(([isProven = false]) => {
      if (isProven && request !== undefined) this.#proven.set(request, true);
      return isProven;
    });
  }

  /** A request that wrote must look again. Resolvers that are called by hand may come without one. */
  unprove(request: object | undefined): void {
    if (request !== undefined) this.#proven.set(request, false);
  }

  async #check(checks: readonly undefined[]): Promise<readonly boolean[]> {
    const isUpToDate = await this.#readOn();
    return checks.map(() => isUpToDate);
  }

  async #readOn(): Promise<boolean> {
    let after = this.#last;
    try {
      for (let readings = 0; readings < READINGS_AT_ONCE; readings += 1) {
        const reading = await this.#options.readLog(after);
        this.#apply(reading);
        if (!reading.isMore) return true;
        after = reading.last;
      }
      this.#last = undefined;
    } catch (error) {
      this.#options.onStoreTrouble('log', error);
    }
    return false;
  }

  #apply({ last, tags }: LogReading): void {
    if (tags === 'all') {
      for (const copies of this.#options.copies) copies.clear();
      this.#last = last;
      return;
    }
    if (tags.length > 0) for (const copies of this.#options.copies) copies.forget(tags);
    // Answers to checks that were under way together come in their order, yet one may have begun again meanwhile.
    if (last === this.#last) return;
    if (this.#last === undefined || isLater(last, this.#last)) this.#last = last;
  }
}

/** Ids of the log are `milliseconds-number`. */
function isLater(id: string, than: string): boolean {
  const [ms = 0, number = 0] = id.split('-').map(Number);
  const [thanMs = 0, thanNumber = 0] = than.split('-').map(Number);
  return ms > thanMs || (ms === thanMs && number > thanNumber);
}
