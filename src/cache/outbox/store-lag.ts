import type { Clock } from '../time/clock.js';

/** The longest lag is told of this time, and of the one before. */
const TOLD_FOR_MS = 60_000;
/** What another write takes longer than those that were measured: this share more is told. */
const MARGIN = 1.25;
/** Beyond it only the oldest are kept: they say how far a store is behind. */
const MARKS_AT_MOST = 1000;

/** A place of the outbox that a store had not applied, and since when that is so at the latest. */
interface Mark {
  readonly place: bigint;
  readonly atMs: number;
}

/** What a look has found of a store. */
interface Sighting {
  readonly place: bigint;
  readonly appliedTo: bigint;
  readonly sinceMs: number;
  readonly isAfterWrite: boolean;
}

/** How long another store takes to apply what was committed, as this process sees it. */
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

  /**
   * `sinceMs`: a moment before the look at which it was asked for; all that the caller had committed by then lies before `place`. A look
   * that was not asked for after a write measures nothing where all is applied.
   */
  saw({ place, appliedTo, sinceMs, isAfterWrite }: Sighting): void {
    const nowMs = this.#clock.nowMs();
    // Numbers that went back are those of another server, as after a restored dump: what was marked on the one before says nothing of it.
    this.#marks = this.#marks.filter((mark) => mark.place <= place);
    const applied = this.#marks.filter((mark) => mark.place <= appliedTo);
    for (const { atMs } of applied) this.#took(nowMs - atMs);
    if (applied.length > 0) this.#marks = this.#marks.slice(applied.length);
    if (appliedTo >= place) {
      if (isAfterWrite) this.#took(nowMs - sinceMs);
    } else if (place > (this.#marks.at(-1)?.place ?? -1n) && this.#marks.length < MARKS_AT_MOST)
      this.#marks.push({ place, atMs: sinceMs });
  }

  /** For how long it has been behind. */
  get behindForMs(): number {
    const [oldest] = this.#marks;
    return oldest === undefined ? 0 : this.#clock.nowMs() - oldest.atMs;
  }

  get isBehind(): boolean {
    return this.#marks.length > 0;
  }

  /** With a margin; of the last writes that were followed. Undefined where none was yet. */
  get longestMs(): number | undefined {
    this.#turn();
    const known = [this.#longestMs, this.#longestBeforeMs, this.isBehind ? this.behindForMs : undefined];
    const measured = known.filter((ms) => ms !== undefined);
    return measured.length === 0 ? undefined : Math.max(...measured) * MARGIN;
  }

  #took(ms: number): void {
    this.#turn();
    this.#longestMs = Math.max(this.#longestMs ?? 0, ms);
  }

  #turn(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#turnsAtMs) return;
    // Where nothing was written for long, the last that was measured is what is known.
    if (this.#longestMs !== undefined) this.#longestBeforeMs = this.#longestMs;
    this.#longestMs = undefined;
    this.#turnsAtMs = nowMs + TOLD_FOR_MS;
  }
}
