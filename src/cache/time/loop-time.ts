import { systemClock, type CallOff, type Clock, type Timers } from './clock.js';

/** Something that is waited for, and until which beat. */
interface Wait {
  readonly untilBeat: number;
  readonly onOver: () => void;
}

/**
 * Time in which the event loop of this process turned. It passes in beats, and a beat that comes late counts once: while the
 * loop stood still, or the machine had no core for this process, no answer could be read, so none was late.
 */
export class LoopTime implements Pick<Clock, 'nowMs' | 'after'> {
  readonly #beatMs: number;
  readonly #timers: Timers;
  readonly #waiting = new Set<Wait>();
  #callOffBeat: CallOff | undefined;
  #beats = 0;
  #isEnding = false;

  /** `beatMs`: milliseconds between two beats. */
  constructor(beatMs: number, timers: Timers = systemClock) {
    this.#beatMs = beatMs;
    this.#timers = timers;
  }

  /** Milliseconds so far. They pass only while something is waited for. */
  nowMs(): number {
    return this.#beats * this.#beatMs;
  }

  /** Calls back after at least `ms` milliseconds, and up to two beats more. */
  after(ms: number, onOver: () => void): CallOff {
    const wait = { untilBeat: this.#beats + Math.ceil(ms / this.#beatMs) + 1, onOver };
    this.#waiting.add(wait);
    if (this.#callOffBeat === undefined) this.#beatLater();
    return () => {
      this.#waiting.delete(wait);
      if (this.#isEnding && this.#waiting.size === 0) this.#rest();
    };
  }

  /** From now on it rests as soon as nothing is waited for, so that no last beat is left behind. */
  end(): void {
    this.#isEnding = true;
    if (this.#waiting.size === 0) this.#rest();
  }

  #beatLater(): void {
    // Answers that are in the socket are read before setImmediate.
    this.#callOffBeat = this.#timers.after(this.#beatMs, () => setImmediate(() => this.#beat()));
  }

  #beat(): void {
    this.#beats += 1;
    for (const wait of this.#waiting) {
      if (wait.untilBeat > this.#beats || !this.#waiting.delete(wait)) continue;
      wait.onOver();
    }
    this.#rest();
    if (this.#waiting.size > 0) this.#beatLater();
  }

  #rest(): void {
    this.#callOffBeat?.();
    this.#callOffBeat = undefined;
  }
}
