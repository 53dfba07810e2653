import type { NoteHit } from '../services.js';
import { valueOf, type Found } from '../../coherence/entry-field.js';
import type { Located } from '../../policy/read-policy.js';

/** Gives a reader a plain hit. */
export type GiveHit<Call> = (found: Found, place: Located, call: Call) => unknown;

/** Where nothing is checked this is `valueOf` itself, decided at start-up, so that it costs a hit nothing. */
export function hitGiver<Call>(noteHit: NoteHit<Call> | undefined): GiveHit<Call> {
  if (noteHit === undefined) return valueOf;
  return (found, place, call) => {
    noteHit(found, place, call);
    return valueOf(found);
  };
}
