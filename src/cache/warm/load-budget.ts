import { isFromTheFuture, type Clock } from '../time/clock.js';

/** What is saved up at most while nothing is loaded. */
const BURST_MS = 1000;

/** Loads that no request waits for, spread over time, so that they leave room for those of requests. */
export class LoadBudget {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #nextAtMs = -Infinity;
  #lastAtMs = -Infinity;

  constructor({ clock, perSecond }: { readonly clock: Clock; readonly perSecond: number }) {
    this.#clock = clock;
    this.#everyMs = 1000 / perSecond;
  }

  /** Resolves when the next load may begin. */
  async take(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    // The clock was set back, and no load shall wait for the length of the jump.
    if (isFromTheFuture(this.#lastAtMs, nowMs)) this.#nextAtMs = -Infinity;
    this.#lastAtMs = nowMs;
    const atMs = Math.max(this.#nextAtMs, nowMs - BURST_MS);
    this.#nextAtMs = atMs + this.#everyMs;
    if (atMs > nowMs) await this.#clock.sleep(atMs - nowMs);
  }
}
