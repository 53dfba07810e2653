import type { Evictable } from './eviction-order.js';

/** Entries in an order, linked through themselves: adding and taking out cost the same however many there are. */
export class Chain {
  #oldest: Evictable | undefined;
  #newest: Evictable | undefined;

  get oldest(): Evictable | undefined {
    return this.#oldest;
  }

  append(entry: Evictable): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  unlink(entry: Evictable): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}
