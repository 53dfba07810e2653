import type { OutboxPool } from '../pool-option.js';
import { untilOthersEnd } from '../seen-transactions.js';
import type { LogHome } from './log-home.js';
import { haveForgotten, readApplied, readMark, type LogState } from './slots.js';

const OTHERS_END_WITHIN_MS = 1000;

export interface ForgettingOptions {
  readonly pool: OutboxPool;
  readonly home: LogHome;
  readonly slot: string;
  /** Undefined for a store that ends with its process, as its slot does then. */
  readonly store: string | undefined;
}

/**
 * A slot that was made anew tells nothing of what was written before it: everything stored must be forgotten before what is read there
 * counts. That is written beside the slot, for the process that looks next; of a slot that ends with this process it is noted here.
 */
export class Forgetting {
  readonly #options: ForgettingOptions;
  #made = 0;
  #forgotten = 0;

  constructor(options: ForgettingOptions) {
    this.#options = options;
  }

  /** A slot was made that ends with this process, or what it tells was not all. */
  hasMissed(): void {
    this.#made += 1;
  }

  /** Whether everything must be forgotten, as the look saw it. */
  isDue({ mustForget }: LogState): boolean {
    return this.#options.store === undefined ? this.#made > this.#forgotten : mustForget !== false;
  }

  /** The same as of now. */
  async isDueNow(): Promise<boolean> {
    const { pool, home, slot, store } = this.#options;
    if (store === undefined) return this.#made > this.#forgotten;
    return (await readApplied(pool, home, slot)).mustForget;
  }

  async forget(forgetAll: () => Promise<void>): Promise<void> {
    const { pool, home, slot, store } = this.#options;
    const made = this.#made;
    const mark = store === undefined ? undefined : await readMark(pool, home, slot);
    // Another process of the store was faster.
    if (store !== undefined && mark === undefined) return;
    // Of those that write now some may be in the log before the slot, as committed; loads would still bring what was before them.
    await untilOthersEnd(pool, OTHERS_END_WITHIN_MS);
    await forgetAll();
    this.#forgotten = made;
    if (mark !== undefined) await haveForgotten(pool, home, { slot, mark });
  }
}
