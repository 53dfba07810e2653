/** Where a film stands in a search: films with more votes come first, then those with the smaller id. */
export interface MoviePlace {
  /** -1 where IMDB has none, which puts the film last. */
  readonly votes: number;
  readonly id: number;
}

const MAX_INT = 2_147_483_647;

/** A cursor is opaque to clients, but not secret: the place in base64url. */
export function writeCursor({ votes, id }: MoviePlace): string {
  return Buffer.from(`${votes}.${id}`).toString('base64url');
}

/** The place that a cursor names, or undefined for a text that is not one of ours. */
export function readCursor(cursor: string): MoviePlace | undefined {
  const match = /^(-1|0|[1-9]\d{0,9})\.([1-9]\d{0,9})$/.exec(
    Buffer.from(cursor, 'base64url').toString('latin1'),
  );
  if (match === null) return undefined;
  const place = { votes: Number(match[1]), id: Number(match[2]) };
  // Decoding forgives what encoding never writes; each place has one cursor.
  const isOurs = place.votes <= MAX_INT && place.id <= MAX_INT && writeCursor(place) === cursor;
  return isOurs ? place : undefined;
}
