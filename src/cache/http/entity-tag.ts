import { createHash } from 'node:crypto';

/** What an entity tag may consist of (RFC 9110, section 8.8.3), weak or strong. */
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Names an answer by its content. It is weak: the same answer may be written in two media types, and be compressed on its
 * way, which a strong one would forbid.
 */
export function entityTagOf(text: string): string {
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

/** Whether `If-None-Match` names this answer; compared weakly, as for GET (RFC 9110, section 13.1.2). */
export function isNamedBy(ifNoneMatch: string | undefined, entityTag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = entityTag.replace(/^W\//, '');
  return Array.from(ifNoneMatch.matchAll(ENTITY_TAG)).some(([, tag]) => tag === opaque);
}
