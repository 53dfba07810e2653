/** Something that is waited for, and until which beat. */
export interface LoopWait {
  readonly untilBeat: number;
  readonly onOver: () => void;
}

/**
 * Time in which the event loop of this process turned. It passes in beats, and a beat that comes late counts once: while the
 * loop stood still, or the machine had no core for this process, no answer could be read, so none was late.
 */
export class LoopTime {
  readonly #beatMs: number;
  readonly #waiting = new Set<LoopWait>();
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;
  #isEnding = false;

  /** `beatMs`: milliseconds between two beats. */
  constructor(beatMs: number) {
    this.#beatMs = beatMs;
  }

  /** Beats so far. They pass only while something is waited for. */
  get beats(): number {
    return this.#beats;
  }

  /** Calls back after at least so many whole beats, and at most one more. */
  after(beats: number, onOver: () => void): LoopWait {
    const wait = { untilBeat: this.#beats + beats + 1, onOver };
    this.#waiting.add(wait);
    // Answers that are in the socket are read before setImmediate.
    this.#timer ??= setInterval(() => setImmediate(() => this.#beat()), this.#beatMs);
    return wait;
  }

  /** False where it has called back already. */
  callOff(wait: LoopWait): boolean {
    const isCalledOff = this.#waiting.delete(wait);
    if (this.#isEnding && this.#waiting.size === 0) this.#rest();
    return isCalledOff;
  }

  /** From now on it rests as soon as nothing is waited for, so that no last beat keeps the process alive. */
  end(): void {
    this.#isEnding = true;
    if (this.#waiting.size === 0) this.#rest();
  }

  #beat(): void {
    this.#beats += 1;
    for (const wait of this.#waiting) {
      if (wait.untilBeat > this.#beats || !this.#waiting.delete(wait)) continue;
      wait.onOver();
    }
    if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
