import type { Mark } from '../coherence/process-copies.js';
import type { Clock } from '../time/clock.js';
import { createDeferred, type Deferred } from '../time/deferred.js';
import { within } from '../time/within.js';

/** So long, in milliseconds, a request waits at most for what another one executes; then it executes it as well. */
const WAITED_FOR_MS = 1000;
/** Executions that never end, as their server has lost them, shall not be remembered for ever. */
const MOST = 10_000;

/** What an execution has read so far. */
export interface ReadSoFar {
  /** Of all reads that have begun. */
  tags(): readonly string[];
  /** The first end of what was found. */
  readonly untilMs: number;
}

/** An answer that a request is making, which others may be given as well. */
export class AnswerUnderWay<Answer> {
  /** How much had been forgotten before its first read. */
  readonly mark: Mark;
  readonly read: ReadSoFar;
  #answer: Answer | undefined;
  #hasEnded = false;
  /** Made once another request waits. */
  #end: Deferred<Answer | undefined> | undefined;

  constructor(mark: Mark, read: ReadSoFar) {
    this.mark = mark;
    this.read = read;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** With nothing where others cannot be given it. */
  end(answer: Answer | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#answer = answer;
    this.#end?.resolve(answer);
  }

  /** Undefined where others cannot be given it, or it takes too long. */
  async wait(clock: Pick<Clock, 'nowMs' | 'after'>): Promise<Answer | undefined> {
    if (this.#hasEnded) return this.#answer;
    this.#end ??= createDeferred();
    return within(clock, { work: this.#end.promise, ms: WAITED_FOR_MS, onLate: () => undefined });
  }
}

/** The answers under way, by what is asked. */
export class AnswersUnderWay<Answer> {
  readonly #byKey = new Map<string, AnswerUnderWay<Answer>>();

  get(key: string): AnswerUnderWay<Answer> | undefined {
    return this.#byKey.get(key);
  }

  begin(key: string, underWay: AnswerUnderWay<Answer>): void {
    if (this.#byKey.size >= MOST) this.#byKey.clear();
    this.#byKey.set(key, underWay);
  }

  end(key: string, underWay: AnswerUnderWay<Answer>, answer: Answer | undefined): void {
    if (this.#byKey.get(key) === underWay) this.#byKey.delete(key);
    underWay.end(answer);
  }
}
