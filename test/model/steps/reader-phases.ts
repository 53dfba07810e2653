import type { State } from '../visited.js';
import { ACKNOWLEDGED, BROKEN, get, processAt, PROCESS, READER, readerAt } from '../world.js';

/** How far a reader is; who fetches is between FOUND and FILLED. */
export const IDLE = 0;
export const PROVEN = 1;
export const ENTRY_HELD = 2;
export const GENERATIONS_HELD = 3;
export const MISSED = 4;
export const FOUND = 5;
export const LOADED_BLINDLY = 6;
export const TAGS_ACQUIRED = 7;
export const ACQUIRED = 8;
export const LOADED = 9;
export const FILLED = 10;
export const CHECKING = 11;
export const ENDED = 12;

/** A read begins: from now on it owes what was acknowledged before. */
export function beginning(next: State, reader: number): void {
  const promised = get(next, processAt(0) + PROCESS.floor);
  next[readerAt(reader) + READER.floor] = Math.max(get(next, ACKNOWLEDGED), promised);
}

/** A read ends, and the promise is judged. */
export function answering(next: State, reader: number, version: number): void {
  const place = readerAt(reader);
  if (version < get(next, place + READER.floor)) next[BROKEN] = 1;
  next.fill(0, place, place + READER.name);
  next[place + READER.phase] = ENDED;
}

/** Nothing was found, or its command failed: the reader only keeps what it owes. */
export function missing(next: State, reader: number): void {
  const place = readerAt(reader);
  next.fill(0, place + READER.version, place + READER.name);
  next[place + READER.phase] = MISSED;
}
