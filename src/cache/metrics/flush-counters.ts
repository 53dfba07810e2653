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
  /** Times the journal was found to have lost what it held. */
  losses: number;
  /** Writes that the journal had lost, and that this process wrote down again. */
  restored: number;
  /** Writes that this process brought straight to the database after it had accepted them, as the journal was away. */
  rescued: number;
  /** Writes that the journal had lost, and that this process kept no more. */
  lost: number;
}

export function createFlushCounters(): FlushCounters {
  return { flushes: 0, flushed: 0, retries: 0, buried: 0, losses: 0, restored: 0, rescued: 0, lost: 0 };
}
