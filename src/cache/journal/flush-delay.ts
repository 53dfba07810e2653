import { hasCome, type Clock } from '../time/clock.js';

/** Milliseconds an accepted write waits for later ones of its key, and for others to be flushed with. */
const FEW_WAIT_MS = 250;
const MANY_WAIT_MS = 750;
/** More writes than these in a second are many. */
const FEW = 50;
const A_WHILE_MS = 1000;

/** The longest wait of any write. */
export const FLUSHED_AFTER_AT_MOST_MS = MANY_WAIT_MS;

/** How long accepted writes wait: for longer while a process accepts many, so that fewer flushes take more of them. */
export class FlushDelay {
  readonly #clock: Clock;
  #sinceMs = -Infinity;
  #writes = 0;
  #writesBefore = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds for a write that came while the one before it was flushed. */
  get present(): number {
    return Math.max(this.#writes, this.#writesBefore) > FEW ? MANY_WAIT_MS : FEW_WAIT_MS;
  }

  /** Milliseconds for a write that is accepted now. */
  next(): number {
    const nowMs = this.#clock.nowMs();
    if (hasCome(this.#sinceMs + A_WHILE_MS, nowMs, A_WHILE_MS)) {
      const isNext = nowMs < this.#sinceMs + 2 * A_WHILE_MS;
      this.#writesBefore = isNext ? this.#writes : 0;
      this.#writes = 0;
      this.#sinceMs = nowMs;
    }
    this.#writes += 1;
    return this.present;
  }
}
