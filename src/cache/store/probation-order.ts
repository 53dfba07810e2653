import { Chain } from './chain.js';
import type { Evictable, EvictionOrder } from './eviction-order.js';
import type { RecentlyEvicted } from './recently-evicted.js';
import { held, type Held } from './held.js';

/** Uses after which an entry leaves its probation: two, since what is asked for twice at once is no more than that. */
const PROVEN_BY = 2;
/** Uses are counted up to this: an entry that was popular survives as many rounds without one. */
const MOST_USES = 3;
/** Entries that are spared for one that goes: where all are popular, one of them goes without a long search. */
const MOST_LOOKS = 64;

/**
 * S3-FIFO (Yang et al., SOSP 2023): what is new is on probation, and leaves first unless it is used meanwhile; what was used,
 * or comes back soon after it was evicted, goes round until a whole round has passed without a use. A use only counts:
 * nothing is moved, hashed or made. What is asked for once, as by a scan, takes room from other newcomers only.
 */
export class ProbationOrder implements EvictionOrder {
  readonly onProbation: Held = held();
  readonly #newcomers = new Chain();
  readonly #proven = new Chain();
  readonly #evicted: RecentlyEvicted;

  constructor(evicted: RecentlyEvicted) {
    this.#evicted = evicted;
  }

  added(entry: Evictable): void {
    if (this.#evicted.takeBack(entry.key)) {
      this.#prove(entry);
      return;
    }
    this.#count(entry, 1);
    this.#newcomers.append(entry);
  }

  used(entry: Evictable): void {
    if (entry.uses < MOST_USES) entry.uses += 1;
  }

  removed(entry: Evictable, isEvicted: boolean): void {
    // What was proven and is invalidated is loaded again: then it is no newcomer.
    if (entry.isProven !== isEvicted) this.#evicted.add(entry.key);
    this.#takeOut(entry);
  }

  next(isProbationFull: boolean): string | undefined {
    return isProbationFull ? this.#nextNewcomer() : (this.#nextProven() ?? this.#newcomers.oldest?.key);
  }

  /** Undefined where all newcomers have proven themselves. */
  #nextNewcomer(): string | undefined {
    for (;;) {
      const entry = this.#newcomers.oldest;
      if (entry === undefined || entry.uses < PROVEN_BY) return entry?.key;
      this.#takeOut(entry);
      this.#prove(entry);
    }
  }

  #nextProven(): string | undefined {
    for (let looked = 0; ; looked += 1) {
      const entry = this.#proven.oldest;
      if (entry === undefined || entry.uses === 0 || looked === MOST_LOOKS) return entry?.key;
      entry.uses -= 1;
      this.#proven.unlink(entry);
      this.#proven.append(entry);
    }
  }

  #prove(entry: Evictable): void {
    entry.uses = 0;
    entry.isProven = true;
    this.#proven.append(entry);
  }

  #takeOut(entry: Evictable): void {
    if (entry.isProven) {
      this.#proven.unlink(entry);
      return;
    }
    this.#count(entry, -1);
    this.#newcomers.unlink(entry);
  }

  #count(entry: Evictable, sign: 1 | -1): void {
    this.onProbation.entries += sign;
    this.onProbation.bytes += sign * entry.bytes;
  }
}
