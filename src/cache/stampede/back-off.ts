import { doublingPauseMs, type DoublingPause } from '../time/doubling-pause.js';
import { hasCome, type Clock } from '../time/clock.js';

export interface BackOffOptions {
  readonly clock: Clock;
  readonly random: () => number;
}

interface Failed {
  readonly times: number;
  readonly untilMs: number;
}

/** An origin that is back is noticed within this time. */
const LONGEST_MS = 4000;
const PAUSE: DoublingPause = { firstMs: 250, longestMs: LONGEST_MS, jitter: 0.2 };
/** What is forgotten only tries once more. */
const MAX_KEYS = 10_000;

/**
 * Pauses between the loads of an entry that fail, for those who have a stale value to go on with: 250 ms, then twice as
 * long each time, at most 4 s. A reader without one always tries.
 */
export class BackOff {
  readonly #options: BackOffOptions;
  readonly #failed = new Map<string, Failed>();

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** True while the entry's load is better left alone. */
  isOn(key: string): boolean {
    const failed = this.#failed.get(key);
    return failed !== undefined && !hasCome(failed.untilMs, this.#options.clock.nowMs(), LONGEST_MS);
  }

  /** A load failed. All who joined it may say so: it counts once. */
  failed(key: string): void {
    if (this.isOn(key)) return;
    const { clock, random } = this.#options;
    const times = (this.#failed.get(key)?.times ?? 0) + 1;
    const pauseMs = doublingPauseMs(PAUSE, times, random);
    // The latest last: what is dropped first has been left alone longest.
    this.#failed.delete(key);
    this.#failed.set(key, { times, untilMs: clock.nowMs() + pauseMs });
    if (this.#failed.size <= MAX_KEYS) return;
    const [oldest] = this.#failed.keys();
    if (oldest !== undefined) this.#failed.delete(oldest);
  }

  succeeded(key: string): void {
    if (this.#failed.size > 0) this.#failed.delete(key);
  }
}
