/** How often an argument set of a field was asked for since it was counted last. */
export interface Asked {
  /** The argument set, as bytes that are equal for equal sets. */
  readonly argumentSet: Uint8Array;
  readonly times: number;
}

/** Counts lose half of their weight each time that so long has passed: what was asked for lately counts. */
export const ASKED_HALF_LIFE_MS = 10 * 60 * 1000;
/** Argument sets of one field that are counted at most; those least asked for go. */
export const MOST_COUNTED = 500;
