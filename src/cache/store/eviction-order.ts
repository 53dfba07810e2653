import type { Held } from './held.js';

/** What may be evicted. The order keeps its notes in it, so that a use needs no look-up. */
export interface Evictable {
  readonly key: string;
  readonly bytes: number;
  readonly expiresAtMs: number;
  /** Its neighbours: `s3-fifo` and `lru` only. */
  older: Evictable | undefined;
  newer: Evictable | undefined;
  /** The count of moves when it was last moved: `lru` only. */
  movedAt: number;
  /** `s3-fifo` only. */
  uses: number;
  isProven: boolean;
}

/** Chooses what goes first when room is needed. Each object is added once, and removed at most once. */
export interface EvictionOrder {
  /** What may go before everything else, once there is too much of it. */
  readonly onProbation?: Held;
  added(entry: Evictable): void;
  used(entry: Evictable): void;
  removed(entry: Evictable, isEvicted: boolean): void;
  /** The key to evict next, undefined when empty. */
  next(isProbationFull: boolean): string | undefined;
}
