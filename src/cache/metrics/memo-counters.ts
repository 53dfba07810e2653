/** What became of answers of whole operations in this process, since its start and now. */
export interface MemoCounters {
  /** Operations that were answered without being executed. */
  readonly hits: number;
  /** Those of them that were given in front of Apollo Server. */
  readonly inFront: number;
  /** Answers that were kept. */
  readonly kept: number;
  /** Milliseconds of loading that the entries of these answers made unnecessary. */
  readonly savedMs: number;
  /** Answers that there are now, and the bytes of memory that they take. */
  readonly answers: number;
  readonly bytes: number;
  /** Answers that were dropped because there was no room. */
  readonly evictions: number;
}

/** Where no answers are kept. */
export const NO_MEMO: MemoCounters = Object.freeze({
  hits: 0,
  inFront: 0,
  kept: 0,
  savedMs: 0,
  answers: 0,
  bytes: 0,
  evictions: 0,
});
