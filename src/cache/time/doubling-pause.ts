/** How long the pauses between attempts are: each twice as long as the one before, up to the longest. */
export interface DoublingPause {
  readonly firstMs: number;
  readonly longestMs: number;
  /** The share of a pause that is left out at most, so that processes that failed together do not come back together; default 0. */
  readonly jitter?: number;
}

/** The pause after so many failures in a row, in milliseconds; `failures` is at least 1. `random` is from 0 to below 1. */
export function doublingPauseMs(
  { firstMs, longestMs, jitter = 0 }: DoublingPause,
  failures: number,
  random: () => number = () => 0,
): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestMs) * (1 - jitter * random());
}
