import { createHmac, timingSafeEqual } from 'node:crypto';

/** Where a film stands in a search: films with more votes come first, then those with the smaller id. */
export interface MoviePlace {
  /** -1 where IMDB has none, which puts the film last. */
  readonly votes: number;
  readonly id: number;
}

/** Makes cursors, and reads those that were made with the same secret. */
export interface MovieCursors {
  /** The cursor of a place: opaque to clients, but not secret. */
  write(place: MoviePlace): string;
  /** The place that a cursor names, or undefined for a text that no process has given out. */
  read(cursor: string): MoviePlace | undefined;
}

/** As many that guessing one takes longer than the API lives. */
const SIGNATURE_BYTES = 12;
const FORM = /^((-1|\d{1,10})\.(\d{1,10}))\.([A-Za-z0-9_-]{16})$/;

/**
 * Cursors are signed: each place is an entry of its own in the cache, so places that a client invents would fill it
 * with pages that are not asked for again.
 */
export function createMovieCursors(secret: Uint8Array): MovieCursors {
  const sign = (place: string): Buffer =>
    createHmac('sha256', secret).update(place).digest().subarray(0, SIGNATURE_BYTES);
  return {
    write({ votes, id }) {
      const place = `${votes}.${id}`;
      return Buffer.from(`${place}.${sign(place).toString('base64url')}`).toString('base64url');
    },
    read(cursor) {
      const text = Buffer.from(cursor, 'base64url');
      // Decoding forgives what encoding never writes; each place has one cursor.
      if (text.toString('base64url') !== cursor) return undefined;
      const [, place, votes, id, signature] = FORM.exec(text.toString('latin1')) ?? [];
      if (place === undefined || signature === undefined) return undefined;
      const isOurs = timingSafeEqual(sign(place), Buffer.from(signature, 'base64url'));
      return isOurs ? { votes: Number(votes), id: Number(id) } : undefined;
    },
  };
}
