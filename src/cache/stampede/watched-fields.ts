import type { FieldCounters } from '../metrics/field-counters.js';

interface Watching {
  /** Loads that are still watched, whatever else is true. */
  left: number;
  begun: number;
  /** As the counters said last. */
  overdueLoads: number;
}

/** So many loads of a field show whether its loads read entries. */
const FIRST = 32;
/** Of the others so many: loads may come to read entries after an hour. */
const ONE_OF = 256;

/**
 * Which loads are to be told apart from code that is a part of none, which has a price: while any is, Node.js spends more
 * on every promise of the process. The loads of most fields ask a database and never read an entry.
 */
export class WatchedFields {
  readonly #watching = new WeakMap<FieldCounters, Watching>();

  /** A load of this field begins. */
  mustWatch(counters: FieldCounters): boolean {
    const { overdueLoads } = counters;
    let watching = this.#watching.get(counters);
    if (watching === undefined) {
      watching = { left: FIRST, begun: 0, overdueLoads };
      this.#watching.set(counters, watching);
    }
    // One that hung may have waited for itself.
    if (watching.overdueLoads !== overdueLoads) {
      watching.overdueLoads = overdueLoads;
      watching.left = Math.max(watching.left, FIRST);
    }
    watching.begun += 1;
    if (watching.left === 0) return watching.begun % ONE_OF === 0;
    watching.left -= 1;
    return true;
  }

  /** Whether all loads of this field are watched, as one has read an entry. */
  isKnown(counters: FieldCounters): boolean {
    return this.#watching.get(counters)?.left === Infinity;
  }

  /** A load of this field has read an entry: from now on all are watched. */
  readsEntries(counters: FieldCounters): void {
    const watching = this.#watching.get(counters);
    if (watching !== undefined) watching.left = Infinity;
  }
}
