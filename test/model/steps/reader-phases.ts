import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';

/** How far a reader is. Those who fetch are between PROVEN and the checks of the log. */
export const IDLE = 0;
export const PROVEN = 1;
export const ENTRY_HELD = 2;
export const GENERATIONS_HELD = 3;
export const FOUND = 4;
export const MISSED = 5;
export const LOADED_BLINDLY = 6;
export const TAGS_ACQUIRED = 7;
export const ACQUIRED = 8;
export const LOADED = 9;
export const FILLED = 10;
export const ENDED = 30;

const { phase, floor } = at.READER;

/** A read begins: from now on it owes what was acknowledged before. */
export function beginning(next: State, reader: number): void {
  const promised = get(next, at.processAt(0) + at.PROCESS.floor);
  next[at.readerAt(reader) + floor] = Math.max(get(next, at.ACKNOWLEDGED), promised);
}

/** A read ends, and the promise is judged. */
export function answering(next: State, reader: number, version: number): void {
  const place = at.readerAt(reader);
  if (version < get(next, place + floor)) next[at.BROKEN] = 1;
  next.fill(0, place, place + at.READER.bytes);
  next[place + phase] = ENDED;
}
