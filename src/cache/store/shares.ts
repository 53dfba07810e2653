import type { EvictionOrder } from './eviction-order.js';
import { createEvictionOrder, type Eviction } from './eviction.js';
import { held, type Held } from './held.js';
import { RecentlyEvicted } from './recently-evicted.js';

/** What one owner has, and what of it goes first. */
export interface Share extends Held {
  readonly owner: string;
  readonly order: EvictionOrder;
}

/** Owners that are told apart; further ones share one share. */
const MOST_OWNERS = 256;
const ALL_OTHERS = '';

/**
 * The entries of a bounded map by their owner, which is a field. Room is made at the expense of the owner that has most, so
 * an owner that has less than an even share never loses an entry to another one.
 */
export class Shares {
  readonly #eviction: Eviction;
  readonly #evicted: RecentlyEvicted;
  readonly #shares = new Map<string, Share>();

  constructor(eviction: Eviction, entries: () => number) {
    this.#eviction = eviction;
    this.#evicted = new RecentlyEvicted(entries);
  }

  of(owner: string): Share {
    const known = this.#shares.get(owner);
    if (known !== undefined) return known;
    if (owner !== ALL_OTHERS && this.#shares.size >= MOST_OWNERS) return this.of(ALL_OTHERS);
    const share = { ...held(), owner, order: createEvictionOrder(this.#eviction, this.#evicted) };
    this.#shares.set(owner, share);
    return share;
  }

  all(): Iterable<Readonly<Share>> {
    return this.#shares.values();
  }

  /** Called once nothing is left of an owner. */
  drop(share: Share): void {
    this.#shares.delete(share.owner);
  }

  /** The key to evict where there is too much of what `measure` says. `probation`: how much of that newcomers may have. */
  next(measure: keyof Held, probation: number): string | undefined {
    for (;;) {
      let onProbation = 0;
      let mostNewcomers = 0;
      let ofNewcomers: Share | undefined;
      let most: Share | undefined;
      for (const share of this.#shares.values()) {
        const newcomers = share.order.onProbation?.[measure] ?? 0;
        onProbation += newcomers;
        if (newcomers > mostNewcomers) [mostNewcomers, ofNewcomers] = [newcomers, share];
        if (most === undefined || share[measure] > most[measure]) most = share;
      }
      if (ofNewcomers === undefined || onProbation < probation) return most?.order.next(false);
      // None, where all of them have proven themselves: then they are newcomers no more.
      const newcomer = ofNewcomers.order.next(true);
      if (newcomer !== undefined) return newcomer;
    }
  }

  clear(): void {
    this.#evicted.clear();
  }
}
