import { createHash } from 'node:crypto';

/** Longer keys are cut and end in a SHA-256 of the whole. */
export const MAX_KEY_LENGTH = 240;
const KEPT_LENGTH = 120;
/** Of a SHA-256 in base64url. */
const DIGEST_LENGTH = 43;

/** True for a key that was cut. */
export function isShortened(key: string): boolean {
  return key.length === KEPT_LENGTH + 1 + DIGEST_LENGTH && key[KEPT_LENGTH] === '~';
}

/** A key as it is, or its beginning and its SHA-256: still unique, still readable, bounded in length. */
export function shortenKey(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : cut(key);
}

/** The same for text that anybody may have written: what looks like a key that was cut is cut as well, and so is no other's. */
export function shortenText(text: string): string {
  return isShortened(text) ? cut(text) : shortenKey(text);
}

function cut(key: string): string {
  const digest = createHash('sha256').update(key, 'utf16le').digest('base64url');
  return `${key.slice(0, KEPT_LENGTH).toWellFormed()}~${digest}`;
}

/** What may follow a key that was cut: its viewer, its variant, or nothing. */
const CUT = new RegExp(String.raw`^[^]{${KEPT_LENGTH}}~[\w-]{${DIGEST_LENGTH}}(?![^@|])`);

/** Where a key was cut that may have more behind it; 0 for one that was not. */
export function cutAt(key: string): number {
  return CUT.test(key) ? KEPT_LENGTH + 1 + DIGEST_LENGTH : 0;
}
