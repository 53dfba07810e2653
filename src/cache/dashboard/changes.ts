import { actOnLetters } from '../admin/act-on-letters.js';
import type { LetterAct } from '../admin/outcomes.js';
import { purge } from '../admin/purge.js';
import type { Cache } from '../cache.js';
import { CacheError } from '../errors.js';
import type { DeadLettersReply, LettersReply, ShownLetter } from './messages.js';
import { json, Refused, type Reply } from './replies.js';

/** What is used of a cache to change it. */
export type SteeredCache = Pick<Cache<never>, 'tools' | 'writes' | 'invalidate'>;

type Body = Readonly<Record<string, unknown>>;

const MOST_LETTERS = 100;
const MOST_CHARACTERS = 2000;

/** Ends what depends on `tags`; see `purge` for everything. */
export async function answerPurge(cache: SteeredCache, { tags, confirm }: Body): Promise<Reply> {
  try {
    return json(await purge(cache, { tags: textsOf(tags), confirm }));
  } catch (error) {
    if (error instanceof CacheError) throw new Refused(400, error.message);
    throw error;
  }
}

export async function answerLetters(cache: SteeredCache, act: LetterAct, { keys }: Body): Promise<Reply> {
  const outcomes = await actOnLetters(cache, act, textsOf(keys));
  return json({ outcomes } satisfies LettersReply);
}

export async function listLetters({ writes }: SteeredCache): Promise<Reply> {
  const all = await writes.deadLetters();
  const letters = all
    .slice(0, MOST_LETTERS)
    .map(({ key, coordinate = null, error, attempts, buriedAtMs, state }): ShownLetter => ({
      ...{ key, coordinate, error, attempts, buriedAtMs },
      state: shortened(state === undefined ? 'cannot be read by this version' : jsonOf(state)),
    }));
  return json({ letters, leftOut: all.length - letters.length } satisfies DeadLettersReply);
}

/** JSON has no whole numbers that are larger than those of JavaScript. */
function jsonOf(state: unknown): string {
  return JSON.stringify(
    state,
    (_name, value: unknown) => (typeof value === 'bigint' ? `${value}` : value),
    2,
  );
}

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)} …`;
}

function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}
