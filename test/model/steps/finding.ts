import type { Rules } from '../rules.js';
import { isCurrent } from '../store.js';
import type { State } from '../visited.js';
import { ENTRY, ENTRY_STAMPS, get, KINDS, READER, readerAt } from '../world.js';
import { answering, FOUND } from './reader-phases.js';

/** Whether the entry that is there counts, beside these generations. */
export function isCurrentEntry(state: State, rules: Rules, present: number): boolean {
  return get(state, ENTRY) > 0 && isCurrent(state, rules, ENTRY_STAMPS, present);
}

/** What was found is the answer. Where copies are kept, it may take its time to arrive. */
export function finding(next: State, rules: Rules, reader: number, version: number): void {
  if (!rules.copies) {
    answering(next, reader, version);
    return;
  }
  const place = readerAt(reader);
  next.fill(0, place + READER.stamps, place + READER.stamps + KINDS);
  next[place + READER.phase] = FOUND;
  next[place + READER.version] = version;
}
