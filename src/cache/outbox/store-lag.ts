import type { Clock } from '../time/clock.js';

/** The longest lag is told of this time, and of the one before. */
const TOLD_FOR_MS = 60_000;
/** Beyond it only the oldest are kept: they say how far a store is behind. */
const MARKS_AT_MOST = 1000;

/** A place of the outbox that a store had not applied, and since when that is so at the latest. */
interface Mark {
  readonly place: bigint;
  readonly atMs: number;
}

/** How long another store takes to apply what was committed, as this process sees it: never less than it took. */
export class StoreLag {
  readonly #clock: Clock;
  #marks: Mark[] = [];
  #longestMs: number | undefined;
  #longestBeforeMs: number | undefined;
  #turnsAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turnsAtMs = clock.nowMs() + TOLD_FOR_MS;
  }

  /** `sinceMs`: a moment before the look at which it was asked for; all that the caller had committed by then lies before `place`. */
  saw({ place, appliedTo, sinceMs }: { place: bigint; appliedTo: bigint; sinceMs: number }): void {
    const nowMs = this.#clock.nowMs();
    const applied = this.#marks.filter((mark) => mark.place <= appliedTo);
    for (const { atMs } of applied) this.#took(nowMs - atMs);
    if (applied.length > 0) this.#marks = this.#marks.slice(applied.length);
    if (appliedTo >= place) this.#took(nowMs - sinceMs);
    else if (place > (this.#marks.at(-1)?.place ?? -1n) && this.#marks.length < MARKS_AT_MOST)
      this.#marks.push({ place, atMs: sinceMs });
  }

  get isBehind(): boolean {
    return this.#marks.length > 0;
  }

  /** Undefined where nothing was seen yet. */
  get longestMs(): number | undefined {
    this.#turn();
    const [oldest] = this.#marks;
    const known = [
      this.#longestMs,
      this.#longestBeforeMs,
      oldest && this.#clock.nowMs() - oldest.atMs,
    ].filter((ms) => ms !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  #took(ms: number): void {
    this.#turn();
    this.#longestMs = Math.max(this.#longestMs ?? 0, ms);
  }

  #turn(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#turnsAtMs) return;
    this.#longestBeforeMs = nowMs < this.#turnsAtMs + TOLD_FOR_MS ? this.#longestMs : undefined;
    this.#longestMs = undefined;
    this.#turnsAtMs = nowMs + TOLD_FOR_MS;
  }
}
