/** How long a process waits for its PostgreSQL; milliseconds. */
export interface DatabaseLimits {
  /** For a new connection, and for one of those there are. */
  readonly connectMs: number;
  /** For one statement. The server ends it then; a connection that does not even tell of that is thrown away. */
  readonly statementMs: number;
}

export const defaultLimits: DatabaseLimits = { connectMs: 5000, statementMs: 10_000 };

/** Looking into the outbox and asking whether the database answers are short: what takes longer is a dead connection. */
const UPKEEP_MS = 2000;

/** The limits of the connections that are kept apart for the relay and for /readyz. */
export function upkeepLimits({ connectMs, statementMs }: DatabaseLimits): DatabaseLimits {
  return { connectMs: Math.min(connectMs, UPKEEP_MS), statementMs: Math.min(statementMs, UPKEEP_MS) };
}
