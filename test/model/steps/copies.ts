import type { Rules } from '../rules.js';
import { ALL_TAGS } from '../store.js';
import type { State } from '../visited.js';
import { COPY, get, LAST_APPLIED, OWN, READER, readerAt, READERS } from '../world.js';
import { FILLED, FOUND } from './reader-phases.js';

/** Copies that depend on these tags go, and who fetches one now is told. */
export function dropCopies(next: State, named: number): void {
  if (named === 0) return;
  next[COPY] = 0;
  for (let reader = 0; reader < READERS; reader += 1) {
    const place = readerAt(reader);
    const phase = get(next, place + READER.phase);
    if (phase < FOUND || phase > FILLED) continue;
    next[place + READER.touched] = get(next, place + READER.touched) | named;
  }
}

export function forgetCopies(next: State): void {
  dropCopies(next, ALL_TAGS);
}

/** Keeps a copy of what was fetched, unless the guard says that it may have been invalidated since. */
export function keepCopy(next: State, { guard, stamped }: Rules, reader: number): void {
  const place = readerAt(reader);
  const its = stamped.reduce<number>((mask, kind) => mask | (1 << kind), 0);
  const watched = { 'its tags': its, anything: ALL_TAGS, 'its own key': 1 << OWN, none: 0 }[guard];
  const isTouched = (get(next, place + READER.touched) & watched) !== 0;
  if (!isTouched && get(next, LAST_APPLIED) > 0) next[COPY] = get(next, place + READER.version) + 1;
}
