import { Chain } from './chain.js';
import type { Evictable, EvictionOrder } from './eviction-order.js';

/** An entry that is used keeps its place where it is among the newest: this part of all. */
const PART = 8;

/**
 * Least recently used first, as a chain through the entries themselves. Among the newest eighth the order is that of their
 * coming there: what is popular is not moved with each use, and still seven eighths of the others are evicted before it.
 * With fewer than eight entries the order is exact.
 */
export class RecencyOrder implements EvictionOrder {
  readonly #chain = new Chain();
  #size = 0;
  /** Counts what was put at the end of the newest; wraps around, as a small integer. */
  #moves = 0;

  added(entry: Evictable): void {
    this.#size += 1;
    this.#append(entry);
  }

  used(entry: Evictable): void {
    if (((this.#moves - entry.movedAt) | 0) * PART <= this.#size) return;
    this.#chain.unlink(entry);
    this.#append(entry);
  }

  removed(entry: Evictable): void {
    this.#size -= 1;
    this.#chain.unlink(entry);
  }

  next(): string | undefined {
    return this.#chain.oldest?.key;
  }

  #append(entry: Evictable): void {
    this.#moves = (this.#moves + 1) | 0;
    entry.movedAt = this.#moves;
    this.#chain.append(entry);
  }
}
