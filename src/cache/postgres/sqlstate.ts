/** Of SQLSTATE: 22 is data that does not fit its type, 23 a constraint, such as a foreign key to a row that was deleted. */
const REFUSED = /^2[23]/;
/** Connections, conflicts, resources, read-only servers, shutdowns and disks: they pass. */
const PASSES = /^(08|25|40|53|55|57|58)/;
/**
 * Errors of the system, such as EPIPE, and those of Prisma, such as P1001, look alike; no class of SQLSTATE begins with E, and
 * of those with P there is P0 alone.
 */
const SQLSTATE = /^([0-9A-DF-OQ-Z][0-9A-Z]|P0)[0-9A-Z]{3}$/;
/** The server is not reached, lets this user not in, or has no such database. */
const NOT_REACHED = /^(08|28|3D|53|57)/;
/** Errors of Prisma about a statement; among them a time-out, a closed transaction, a conflict and a lack of connections pass. */
const PRISMA_STATEMENT = /^P2(?!024|028|034|037)[0-9]{3}$/;

/** The SQLSTATE of an error of PostgreSQL; undefined for any other error. */
export function sqlstateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return SQLSTATE.test(code) ? code : undefined;
}

/** Whether a statement was not even tried, as the server is away or does not let this user in. */
export function isNotReached(error: unknown): boolean {
  const code = sqlstateOf(error);
  return code === undefined || NOT_REACHED.test(code);
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

/**
 * Whether trying a statement again is of no use, by the SQLSTATE of its error: true for a row that is refused by a type or a
 * constraint, false for what passes and for errors of the connection, undefined where it cannot be told. For
 * `isPermanent` of an origin with SQL of its own, through pg or Prisma.
 */
export function isPermanentSqlError(error: unknown): boolean | undefined {
  const code = sqlstateOf(error);
  if (code === undefined) return PRISMA_STATEMENT.test(codeOf(error)) ? undefined : false;
  if (PASSES.test(code)) return false;
  // Of any other it may be one row that causes it, a trigger's own error for one.
  return REFUSED.test(code) ? true : undefined;
}
