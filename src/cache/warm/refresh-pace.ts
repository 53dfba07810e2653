import { hasCome } from '../time/clock.js';

/** Many writes in a row are one reason to refresh. */
export const SETTLE_MS = 100;
/** Under writes without end, refreshes after them take this share of the time at most, and a second is between two. */
const PAUSE_FACTOR = 4;
const SHORTEST_PAUSE_MS = 1000;
/** After so many doublings writes have to stop for 1.6 s, or go on for 16 s. */
const MOST_DOUBLINGS = 4;
/** Of what a refresh has loaded: the share that is ended again before anybody reads it above which the next one waits longer. */
const WASTED = 0.5;
const WORTH_IT = 0.25;

/** What a look has loaded because it was missing. */
export interface Refreshed {
  readonly keys: readonly string[];
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

/**
 * When what writes have ended is loaded again. At first soon after the first write; where most of what was loaded so is ended again
 * before it is read, only once the writes have stopped for a while, which doubles, or after a longer while of writes: loads that no reader
 * reads are work for nothing, and readers load for themselves meanwhile.
 */
export class RefreshPace {
  /** Of the last refresh: what no reader has asked for while it was there. */
  #unread = new Set<string>();
  #isEnded = true;
  #doublings = 0;
  /** Of the writes that are not made up for. */
  #firstAtMs: number | undefined;
  #lastAtMs = -Infinity;
  #pausesFromMs = -Infinity;
  #pauseMs = 0;

  noteRead(key: string): void {
    if (!this.#isEnded) this.#unread.delete(key);
  }

  wasInvalidated(nowMs: number): void {
    this.#firstAtMs ??= nowMs;
    this.#lastAtMs = nowMs;
    this.#isEnded = true;
  }

  get isInvalidated(): boolean {
    return this.#firstAtMs !== undefined;
  }

  /** Milliseconds until what was invalidated has to be made up for, without end where nothing was. */
  dueInMs(nowMs: number): number {
    if (this.#firstAtMs === undefined) return Infinity;
    return Math.max(this.#settledAtMs(this.#firstAtMs), this.#pausesFromMs + this.#pauseMs) - nowMs;
  }

  /** Whether what is missing may be loaded now. One who leads sees what other processes have ended, and hears of no write. */
  mayRefresh(nowMs: number, leads: boolean): boolean {
    if (!hasCome(this.#pausesFromMs + this.#pauseMs, nowMs, this.#pauseMs)) return false;
    if (this.#firstAtMs !== undefined) {
      const settledAtMs = this.#settledAtMs(this.#firstAtMs);
      return hasCome(settledAtMs, nowMs, settledAtMs - this.#firstAtMs);
    }
    const longestMs = Math.max(this.#pauseMs, SHORTEST_PAUSE_MS * 2 ** MOST_DOUBLINGS);
    const longerMs = Math.min(this.#pauseMs * 2 ** this.#doublings, longestMs);
    return leads && hasCome(this.#pausesFromMs + longerMs, nowMs, longerMs);
  }

  /** A look has begun that will make up for the writes until now. */
  begin(): void {
    this.#firstAtMs = undefined;
  }

  refreshed({ keys, beganAtMs, endedAtMs }: Refreshed): void {
    if (keys.length === 0) return;
    const wasted = keys.filter((key) => this.#unread.has(key)).length / keys.length;
    if (wasted > WASTED) this.#doublings = Math.min(this.#doublings + 1, MOST_DOUBLINGS);
    else if (wasted < WORTH_IT) this.#doublings = Math.max(this.#doublings - 1, 0);
    this.#unread = new Set(keys);
    this.#isEnded = this.isInvalidated;
    this.#pausesFromMs = endedAtMs;
    this.#pauseMs = Math.max(SHORTEST_PAUSE_MS, PAUSE_FACTOR * (endedAtMs - beganAtMs));
  }

  #settledAtMs(firstAtMs: number): number {
    const quietMs = SETTLE_MS * 2 ** this.#doublings;
    const longestMs = this.#doublings === 0 ? SETTLE_MS : SHORTEST_PAUSE_MS * 2 ** this.#doublings;
    return Math.min(this.#lastAtMs + quietMs, firstAtMs + longestMs);
  }
}
