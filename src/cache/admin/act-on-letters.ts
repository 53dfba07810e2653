import type { Cache } from '../cache.js';
import { CacheError } from '../errors.js';
import type { LetterAct, LetterOutcome } from './outcomes.js';

const done: Readonly<Record<LetterAct, string>> = {
  replay: 'It is written once more.',
  discard: 'It was given up.',
};

/** Replays or discards dead letters one after the other; one that cannot be keeps no other from it. */
export async function actOnLetters(
  { writes }: Pick<Cache<never>, 'writes'>,
  act: LetterAct,
  keys: readonly string[],
): Promise<readonly LetterOutcome[]> {
  const outcomes: LetterOutcome[] = [];
  for (const key of keys) {
    try {
      await writes[act](key);
      outcomes.push({ key, isDone: true, message: done[act] });
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      outcomes.push({ key, isDone: false, message: error.message });
    }
  }
  return outcomes;
}
