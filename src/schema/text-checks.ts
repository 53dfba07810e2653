import { z } from 'zod';
import { preparePassword } from '../accounts/prepare-password.js';
import type { ArgumentCheck } from './argument-checks.js';

// The database cannot store NUL, and the others cannot be seen.
const CONTROL = /[\u0000-\u001f\u007f]/;
const CONTROL_EXCEPT_LINES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** One line of text that is not blank, `from` to `to` characters long. */
export function isLine(from: number, to: number): ArgumentCheck {
  return (value) => {
    if (typeof value !== 'string' || value.length < from || value.length > to || value.trim() === '') {
      return `must have ${from} to ${to} characters, and not only blanks`;
    }
    return CONTROL.test(value) || !value.isWellFormed() ? 'must not contain control characters' : undefined;
  };
}

/** Text of several lines, up to `to` characters long; it may be empty. */
export function isProse(to: number): ArgumentCheck {
  return (value) => {
    if (typeof value !== 'string' || value.length > to) return `must have at most ${to} characters`;
    return CONTROL_EXCEPT_LINES.test(value) || !value.isWellFormed()
      ? 'must not contain control characters'
      : undefined;
  };
}

/** A password, `from` to `to` code points long once it is prepared. It may hold everything but control characters. */
export function isPassword(from: number, to: number): ArgumentCheck {
  return (value) => {
    const fault = `must have ${from} to ${to} characters`;
    // A much longer one is not worth preparing.
    if (typeof value !== 'string' || value.length > to * 8) return fault;
    const length = [...preparePassword(value)].length;
    if (length < from || length > to) return fault;
    // RFC 8265 allows none, and halves of characters would all be hashed as the same.
    return /\p{Cc}/u.test(value) || !value.isWellFormed() ? 'must not contain control characters' : undefined;
  };
}

const email = z.email().max(254);

/** An e-mail address, in upper or lower case, with or without blanks around it. */
export const isEmail: ArgumentCheck = (value) =>
  typeof value === 'string' && value.length <= 300 && email.safeParse(value.trim()).success
    ? undefined
    : 'must be an e-mail address, such as mira@example.com';

/** A cursor that this API has given out: an invented place would be an entry of its own in the cache. */
export const isCursor: ArgumentCheck = (value, { cursors }) =>
  typeof value === 'string' && value.length <= 100 && cursors.read(value) !== undefined
    ? undefined
    : 'must be the cursor of an edge, as pageInfo.endCursor has it';
