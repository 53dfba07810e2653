import { Prisma } from '../generated/prisma/client.js';

/** True when the database refused a second row where one may be. */
export function isUniqueConflict(error: unknown): boolean {
  return hasCode(error, 'P2002');
}

/** True when the row to change is not there. */
export function isMissingRow(error: unknown): boolean {
  return hasCode(error, 'P2025');
}

/** True when a row points, by this column, to another one that is not there. */
export function isMissingReference(error: unknown, column: string): boolean {
  return hasCode(error, 'P2003') && error.message.includes(`_${column}_fkey`);
}

function hasCode(error: unknown, code: string): error is Prisma.PrismaClientKnownRequestError {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === code;
}
