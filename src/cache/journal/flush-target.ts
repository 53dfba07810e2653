/** One accepted write as the database is told of it. */
export interface FlushedWrite {
  /** The entry's key, `Playback:7:42`. */
  readonly key: string;
  /** Orders the writes of one key: a row with a higher number is newer and must stay. */
  readonly seq: number;
  /** The new state; null for a deletion. */
  readonly state: unknown;
}

/** Where the writes of one namespace go. */
export interface FlushTarget {
  /** Writes all of them, or none and rejects. */
  flush(writes: readonly FlushedWrite[]): Promise<void>;
  /** Whether trying again is of no use: the row itself is refused. Undefined where that is not known. */
  isPermanent(error: unknown): boolean | undefined;
}
