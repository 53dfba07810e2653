import type { Mark } from '../coherence/process-copies.js';
import type { Clock } from '../time/clock.js';
import { createDeferred, type Deferred } from '../time/deferred.js';
import { within } from '../time/within.js';

/** So long, in milliseconds, one request waits at most for what another one executes; then it executes it as well. */
const WAITED_FOR_MS = 1000;
/** Executions that never end, as their server has lost them, shall not be remembered for ever. */
const MOST = 10_000;

/** An execution whose answer is to be kept, and what it has read so far. */
export interface AnswerUnderWay {
  /** How much had been forgotten before its first read. */
  readonly mark: Mark;
  /** Of all that it has read so far. */
  readonly tags: Iterable<string>;
}

interface UnderWay {
  readonly answer: AnswerUnderWay;
  /** Made once a request waits for it. */
  end: Deferred<undefined> | undefined;
}

/** The executions whose answers are to be kept, so that who asks for the same meanwhile need not execute it once more. */
export class AnswersUnderWay {
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>;
  readonly #byKey = new Map<string, UnderWay>();

  constructor(clock: Pick<Clock, 'nowMs' | 'after'>) {
    this.#clock = clock;
  }

  get(key: string): AnswerUnderWay | undefined {
    return this.#byKey.get(key)?.answer;
  }

  /** Answers how it ends. */
  begin(key: string, answer: AnswerUnderWay): () => void {
    const underWay: UnderWay = { answer, end: undefined };
    if (this.#byKey.size >= MOST) this.#byKey.clear();
    this.#byKey.set(key, underWay);
    return () => {
      this.#remove(key, underWay);
      underWay.end?.resolve(undefined);
    };
  }

  /** Ends when it has, or takes too long to be waited for. */
  async end(key: string, answer: AnswerUnderWay): Promise<void> {
    const underWay = this.#byKey.get(key);
    if (underWay?.answer !== answer) return;
    underWay.end ??= createDeferred();
    const onLate = (): undefined => this.#remove(key, underWay);
    await within(this.#clock, { work: underWay.end.promise, ms: WAITED_FOR_MS, onLate });
  }

  /** From now on no request begins to wait for it. */
  #remove(key: string, underWay: UnderWay): undefined {
    if (this.#byKey.get(key) === underWay) this.#byKey.delete(key);
    return undefined;
  }
}
