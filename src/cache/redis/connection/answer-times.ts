/** How much of what is new counts, for the mean and for how far answers are from it. */
const GAIN = { mean: 1 / 8, deviation: 1 / 4 };
/** So many deviations above the mean lies what is longer than usual. */
const DEVIATIONS = 4;

/** How long answers take, as RFC 6298 (section 2) reckons when a segment of TCP is to be sent again. */
export class AnswerTimes {
  #meanMs: number | undefined;
  #deviationMs = 0;

  note(ms: number): void {
    if (this.#meanMs === undefined) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += GAIN.deviation * (Math.abs(ms - this.#meanMs) - this.#deviationMs);
    this.#meanMs += GAIN.mean * (ms - this.#meanMs);
  }

  /** Milliseconds that an answer takes at most, where nothing is wrong; unknown, and so endless, before the first. */
  get longestMs(): number {
    return this.#meanMs === undefined ? Infinity : this.#meanMs + DEVIATIONS * this.#deviationMs;
  }
}
