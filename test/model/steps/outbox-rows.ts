import type { State } from '../visited.js';
import { get, OWN, TAG, WRITER, writerAt, WRITERS } from '../world.js';

export const UNDONE = 1;
export const DONE = 2;

/** Where the row of a writer and a tag is. */
export function rowAt(writer: number, tag: number): number {
  return writerAt(writer) + WRITER.rows + tag;
}

export function isDone(state: State, writer: number): boolean {
  return get(state, rowAt(writer, OWN)) !== UNDONE && get(state, rowAt(writer, TAG)) !== UNDONE;
}

/** A bit for each row that is committed and not done. */
export function undoneRows(state: State): number {
  let rows = 0;
  for (let writer = 0; writer < WRITERS; writer += 1) {
    for (const tag of [OWN, TAG])
      if (get(state, rowAt(writer, tag)) === UNDONE) rows |= 1 << (writer * 2 + tag);
  }
  return rows;
}
