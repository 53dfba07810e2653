/** How much of what is new counts, for the mean and for how far samples are from it: what was long ago fades. */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;

/** How long something usually takes, as RFC 6298 (section 2) reckons when a segment of TCP is to be sent again. */
export class UsualTime {
  #meanMs: number;
  /** How far samples are from the mean, on average. */
  #deviationMs: number;

  constructor(firstMs: number) {
    this.#meanMs = firstMs;
    this.#deviationMs = firstMs / 2;
  }

  note(ms: number): void {
    this.#deviationMs += DEVIATION_WEIGHT * (Math.abs(ms - this.#meanMs) - this.#deviationMs);
    this.#meanMs += MEAN_WEIGHT * (ms - this.#meanMs);
  }

  /** The mean, and so many deviations more. */
  above(deviations: number): number {
    return this.#meanMs + deviations * this.#deviationMs;
  }
}
