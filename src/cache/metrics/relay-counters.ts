/**
 * Why everything stored so far is forgotten. `start`: a process began, and what was written before is not known; `absence`: no rows were
 * written for the store, which is new or was away for long; `write`: a write could not be told row by row, as of TRUNCATE, or nowhere;
 * `backlog`: more waited than is made up for; `gap`: what watches writes was broken, changed or lost for a while.
 */
export type ForgetReason = 'start' | 'absence' | 'write' | 'backlog' | 'gap';

/** What the relay of this process has applied since it started. */
export interface RelayCounters {
  /** Rows of the outbox. */
  rows: number;
  /** Milliseconds from the write of a row to its being applied: of the last one, the longest, and all together. */
  lastLagMs: number;
  longestLagMs: number;
  lagMs: number;
  /** How often it has forgotten everything that was stored, by the reason. */
  readonly forgotten: Record<ForgetReason, number>;
}

/** How far an outbox that reads the log of the database is behind it. */
export interface OutboxLag {
  /** Bytes of the log that were written and are not applied. */
  readonly behindBytes: number;
  /** Bytes of the log that the database keeps for it. */
  readonly keptBytes: number;
}

/** The counters, and how it is now. */
export interface RelayState extends RelayCounters {
  /** Milliseconds for which the outbox could not be looked into, once that is longer than it should be; otherwise 0. */
  readonly blindForMs: number;
  /**
   * With the log of the database as source, as it was at the last look: bytes that were written and are not applied, and bytes that the
   * server keeps for it; otherwise absent.
   */
  readonly log?: OutboxLag;
}

export function createRelayCounters(): RelayCounters {
  return {
    ...{ rows: 0, lastLagMs: 0, longestLagMs: 0, lagMs: 0 },
    forgotten: { start: 0, absence: 0, write: 0, backlog: 0, gap: 0 },
  };
}

export function countRelayed(counters: RelayCounters, rows: readonly { readonly waitedMs: number }[]): void {
  for (const { waitedMs } of rows) {
    counters.rows += 1;
    counters.lagMs += waitedMs;
    counters.lastLagMs = waitedMs;
    counters.longestLagMs = Math.max(counters.longestLagMs, waitedMs);
  }
}
