/** How long a process waits for its PostgreSQL; milliseconds. */
export interface DatabaseLimits {
  /** For a new connection, and for one of those there are. */
  readonly connectMs: number;
  /** For one statement. The server ends it then; a connection that does not even tell of that is thrown away. */
  readonly statementMs: number;
}

export const defaultLimits: DatabaseLimits = { connectMs: 5000, statementMs: 10_000 };

/** Time for a process that is busy to hear of what has happened in time. */
const GRACE_MS = 1000;
/** Timers of Node.js cannot be longer; about 25 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/**
 * The limits that Prisma has for the transactions of one database; without limits of the database practically none. A place
 * of the table, a connection and BEGIN have limits of their own, which come first and say what was missing; Prisma's own of
 * two seconds would give up a connection that is still waited for. Its five seconds for the whole of a transaction would let
 * a statement go on to its own limit and then fail the next one: here it is two statements that take as long as they may.
 */
export function transactionLimits(limits: DatabaseLimits | undefined): { maxWait: number; timeout: number } {
  if (limits === undefined) return { maxWait: NO_LIMIT_MS, timeout: NO_LIMIT_MS };
  const { connectMs, statementMs } = limits;
  const timer = (ms: number): number => Math.min(ms, NO_LIMIT_MS);
  return { maxWait: timer(2 * connectMs + statementMs + GRACE_MS), timeout: timer(2 * statementMs) };
}

/** Looking into the outbox and asking whether the database answers are short: what takes longer is a dead connection. */
const UPKEEP_MS = 2000;

/** The limits of the connections that are kept apart for the relay and for /readyz. */
export function upkeepLimits({ connectMs, statementMs }: DatabaseLimits): DatabaseLimits {
  return { connectMs: Math.min(connectMs, UPKEEP_MS), statementMs: Math.min(statementMs, UPKEEP_MS) };
}
