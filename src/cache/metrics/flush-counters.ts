/** What this process has flushed since it started. */
export interface FlushCounters {
  /** Calls of origins. */
  flushes: number;
  /** Writes the database has. */
  flushed: number;
  /** Writes that were put off after a failure. */
  retries: number;
  /** Writes that went to the dead letters. */
  buried: number;
}

export function createFlushCounters(): FlushCounters {
  return { flushes: 0, flushed: 0, retries: 0, buried: 0 };
}
