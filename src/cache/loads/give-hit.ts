import type { NoteHit } from './services.js';
import { valueOf, type Found } from '../coherence/entry-field.js';
import type { Located } from '../policy/read-policy.js';

/** Gives a reader a plain hit. */
export type GiveHit<Call> = (found: Found, place: Located, call: Call) => unknown;

/** What a reader is given of an entry. */
export type ValueFor<Call> = (found: Found, call: Call) => unknown;

/** Where nothing is checked and every reader gets a copy this is `valueOf` itself, decided at start-up, so that it costs a hit nothing. */
export function hitGiver<Call>(
  noteHit: NoteHit<Call> | undefined,
  valueFor: ValueFor<Call> = valueOf,
): GiveHit<Call> {
  if (noteHit === undefined) {
    return valueFor === valueOf ? valueOf : (found, _place, call) => valueFor(found, call);
  }
  return (found, place, call) => {
    noteHit(found, place, call);
    return valueFor(found, call);
  };
}
