import type { MaybePromise } from '../maybe-promise.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { Clock } from '../time/clock.js';
import type { Mark, ProcessCopies } from './process-copies.js';

/** A whole answer, and what it was made of. */
export interface Answer {
  readonly value: unknown;
  /** Every row and tag of the entries that it was made of. */
  readonly tags: readonly string[];
  /** Bytes of memory that the value takes. */
  readonly valueBytes: number;
  /** The earliest end of those entries. */
  readonly untilMs: number;
}

/**
 * Answers that were made of fresh entries only: each is as good as these entries are, and is dropped by what drops any of
 * them. Nothing is kept of what was invalidated since its entries began to be read.
 */
export class KeptAnswers {
  readonly #answers: LocalCopies;
  readonly #copies: ProcessCopies;
  readonly #clock: Clock;

  constructor(
    answers: LocalCopies,
    { copies, clock }: { readonly copies: ProcessCopies; readonly clock: Clock },
  ) {
    this.#answers = answers;
    this.#copies = copies;
    this.#clock = clock;
  }

  /** Taken before the first of its entries is read. */
  mark(): Mark {
    return this.#copies.mark();
  }

  /** Whether nothing of this was invalidated since the mark, as far as the log was read. */
  isUntouchedSince(mark: Mark, key: string, tags: () => readonly string[]): boolean {
    if (mark.answers === this.#answers.forgotten) return true;
    return this.#answers.isUntouchedSince(mark.answers, { key, tags: tags() });
  }

  /** False where something in it was invalidated since the mark, it ends by now, or it is too large. */
  keep(key: string, { value, tags, valueBytes, untilMs }: Answer, mark: Mark): boolean {
    const keptAtMs = this.#clock.nowMs();
    const address = { key, tags };
    if (untilMs <= keptAtMs || !this.#copies.areAnswersDropped) return false;
    if (!this.#answers.isUntouchedSince(mark.answers, address)) return false;
    return this.#answers.keep(
      address,
      { value, loadedAtMs: keptAtMs, loadMs: 0 },
      { valueBytes, keptAtMs, untilMs },
    );
  }

  /** What was kept, which may be given after it was proven only: see `prove`. */
  find(key: string): unknown {
    return this.#answers.get({ key, tags: NO_TAGS }, this.#clock.nowMs())?.value;
  }

  /** True once what is found afterwards may be given to those who asked before this call. */
  prove(): MaybePromise<boolean> {
    return this.#copies.proveAnswers();
  }

  /** Whether what is kept now would be dropped by what invalidates it. */
  get areDropped(): boolean {
    return this.#copies.areAnswersDropped;
  }

  get size(): number {
    return this.#answers.size;
  }

  get bytes(): number {
    return this.#answers.bytes;
  }

  get evictions(): number {
    return this.#answers.evictions;
  }
}

const NO_TAGS: readonly string[] = Object.freeze([]);
