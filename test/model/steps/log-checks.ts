import type { Step } from '../explore.js';
import { readerName } from '../names.js';
import type { Rules } from '../rules.js';
import { ALL_TAGS, announce } from '../store.js';
import type { State } from '../visited.js';
import { get, LAST_APPLIED, LOG_ENTRIES, LOG_KEPT, LOG_TAGS, READER, readerAt } from '../world.js';
import { dropCopies } from './copies.js';
import { usesStore } from './process-phases.js';
import { beginning, CHECKING, PROVEN } from './reader-phases.js';

const { phase, last, tags } = READER;

/**
 * A request's look into the log: sent, and later answered. Whoever joins one before it is sent is as one who begins
 * just then, with a look of its own that is answered at the same moment.
 */
export function checkSteps(state: State, rules: Rules, reader: number, step: Step): void {
  const place = readerAt(reader);
  if (get(state, place + phase) === CHECKING) {
    const words = (): string =>
      `${readerName(state, reader)} is told of the log, and drops the copies it names`;
    step(words, (next) => apply(next, reader));
    return;
  }
  if (!usesStore(state)) return;
  step(
    () => `${readerName(state, reader)} begins, and asks for the log`,
    (next) => {
      beginning(next, reader);
      next[place + phase] = CHECKING;
      readLog(next, rules, place);
    },
  );
  if (rules.joinsLooks === 'until they are answered') joinCheck(state, rules, reader, step);
  if (!rules.looksAgainAfterWriting) goOnWithoutLooking(state, reader, step);
}

function joinCheck(state: State, rules: Rules, reader: number, step: Step): void {
  const place = readerAt(reader);
  for (let other = 0; other < rules.readers; other += 1) {
    if (get(state, readerAt(other) + phase) !== CHECKING) continue;
    const words = (): string =>
      `${readerName(state, reader)} begins, and joins the look of ${readerName(state, other)} into the log`;
    step(words, (next) => {
      beginning(next, reader);
      for (const field of [phase, last, tags]) next[place + field] = get(next, readerAt(other) + field);
    });
  }
}

function goOnWithoutLooking(state: State, reader: number, step: Step): void {
  const words = (): string =>
    `${readerName(state, reader)} begins in a request that looked into the log before it wrote`;
  step(words, (next) => {
    beginning(next, reader);
    next[readerAt(reader) + phase] = PROVEN;
  });
}

/** A range that begins with the entry applied last; where that one is missing, everything is forgotten. */
function readLog(next: State, { noticesLostLog }: Rules, place: number): void {
  const after = get(next, LAST_APPLIED);
  const isThere = after > 0 && (get(next, LOG_KEPT) & (1 << (after - 1))) !== 0;
  if (!isThere && noticesLostLog) {
    if (get(next, LOG_KEPT) === 0) announce(next, ALL_TAGS);
    next[place + tags] = ALL_TAGS;
    next[place + last] = newestIn(next);
    return;
  }
  let named = 0;
  for (let id = after; id < LOG_ENTRIES; id += 1) {
    if ((get(next, LOG_KEPT) & (1 << id)) !== 0) named |= get(next, LOG_TAGS + id);
  }
  next[place + tags] = named;
  next[place + last] = Math.max(after, newestIn(next));
}

/** Entries are counted from 1; 0 where there is none. */
function newestIn(state: State): number {
  return 32 - Math.clz32(get(state, LOG_KEPT));
}

function apply(next: State, reader: number): void {
  const place = readerAt(reader);
  const named = get(next, place + tags);
  const to = get(next, place + last);
  // The answers to several looks may arrive in any order.
  if (named === ALL_TAGS || to > get(next, LAST_APPLIED)) next[LAST_APPLIED] = to;
  dropCopies(next, named);
  next[place + phase] = PROVEN;
  next[place + last] = 0;
  next[place + tags] = 0;
}
