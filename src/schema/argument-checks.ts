import type { ApiContext } from '../context.js';

/** What checks may read of a request. */
export type CheckContext = Pick<ApiContext, 'cursors'>;

/** Judges one value of an argument: undefined when it is fine, otherwise the end of a sentence. */
export type ArgumentCheck = (value: unknown, context: CheckContext) => string | undefined;

const MAX_ID = 2_147_483_647;
const ID_FAULT = `must be a whole number from 1 to ${MAX_ID}`;

/** An id as the database has them. Only one spelling of each number, so that each film has one cache entry. */
export const isId = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[1-9]\d{0,9}$/.test(value) && Number(value) <= MAX_ID ? undefined : ID_FAULT;

/** A list of 1 to `longest` ids. */
export function isIdList(longest: number): ArgumentCheck {
  return (value) => {
    if (!Array.isArray(value) || value.length < 1 || value.length > longest) {
      return `must have 1 to ${longest} ids`;
    }
    return value.every((id) => isId(id) === undefined)
      ? undefined
      : `must have only ids, each of which ${ID_FAULT}`;
  };
}

/** A number within bounds that both count; GraphQL has checked that it is one. */
export function isBetween(from: number, to: number): ArgumentCheck {
  return (value) =>
    typeof value === 'number' && value >= from && value <= to ? undefined : `must be from ${from} to ${to}`;
}

/** The first year of a decade that has films. */
export const isDecade: ArgumentCheck = (value) =>
  typeof value === 'number' && value % 10 === 0 && value >= 1880 && value <= 2100
    ? undefined
    : 'must be the first year of a decade from 1880 to 2100, such as 1990';

/** A number with at most one digit behind the point. */
export function hasOneDecimal(check: ArgumentCheck): ArgumentCheck {
  return (value, context) =>
    check(value, context) ??
    (typeof value === 'number' && Number(value.toFixed(1)) === value
      ? undefined
      : 'must have at most one decimal');
}

/** A day within years that both count. */
export function isDayBetween(fromYear: number, toYear: number): ArgumentCheck {
  return (value) => {
    const year = value instanceof Date ? value.getUTCFullYear() : NaN;
    return year >= fromYear && year <= toYear ? undefined : `must be a day from ${fromYear} to ${toYear}`;
  };
}

/** Null passes: on these arguments it means something. */
export function orNull(check: ArgumentCheck): ArgumentCheck {
  return (value, context) => (value === null ? undefined : check(value, context));
}
