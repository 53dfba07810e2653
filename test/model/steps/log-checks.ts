import type { Rules } from '../rules.js';
import type { Step } from '../explore.js';
import { ALL_TAGS, announce } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { beginning, IDLE, PROVEN } from './reader-phases.js';
import { usesStore } from './rejoining.js';

const { phase, touched, last, tags } = at.READER;
export const CHECKING = 20;

/** A request's look into the log: sent, and later answered. Who joins one before it is sent has begun just then. */
export function checkSteps(state: State, rules: Rules, reader: number, step: Step): void {
  const place = at.readerAt(reader);
  if (get(state, place + phase) === CHECKING) {
    step(
      () => `reader ${reader + 1} is told of the log and drops what it names`,
      (next) => apply(next, reader),
    );
    return;
  }
  if (get(state, place + phase) !== IDLE || !usesStore(state)) return;
  step(
    () => `reader ${reader + 1} begins and asks for the log`,
    (next) => {
      beginning(next, reader);
      next[place + phase] = CHECKING;
      readLog(next, rules, place);
    },
  );
  if (rules.joinsChecks === 'until they are sent') return;
  for (let other = 0; other < rules.readers; other += 1) {
    if (get(state, at.readerAt(other) + phase) !== CHECKING) continue;
    step(
      () => `reader ${reader + 1} begins and joins the check of reader ${other + 1}`,
      (next) => {
        beginning(next, reader);
        for (const field of [phase, last, tags]) next[place + field] = get(next, at.readerAt(other) + field);
      },
    );
  }
}

/** `readLog`: a range that begins with the entry applied last; where that is missing, everything is forgotten. */
function readLog(next: State, { noticesLostLog }: Rules, place: number): void {
  const kept = get(next, at.LOG_KEPT);
  const after = get(next, at.LAST_APPLIED);
  const isThere = after > 0 && (kept & (1 << (after - 1))) !== 0;
  if (!isThere && noticesLostLog) {
    if (kept === 0) announce(next, ALL_TAGS);
    next[place + tags] = ALL_TAGS;
    next[place + last] = newest(next);
    return;
  }
  next[place + last] = Math.max(after, newest(next));
  next[place + tags] = 0;
  for (let id = after; id < at.LOG_ENTRIES; id += 1) {
    if ((kept & (1 << id)) !== 0) next[place + tags] = get(next, place + tags) | get(next, at.LOG_TAGS + id);
  }
}

/** The number of the newest entry, plus one. */
function newest(state: State): number {
  return 32 - Math.clz32(get(state, at.LOG_KEPT));
}

function apply(next: State, reader: number): void {
  const place = at.readerAt(reader);
  const named = get(next, place + tags);
  const to = get(next, place + last);
  if (named === ALL_TAGS || to > get(next, at.LAST_APPLIED)) next[at.LAST_APPLIED] = to;
  drop(next, named);
  next[place + phase] = PROVEN;
  next[place + last] = 0;
  next[place + tags] = 0;
}

/** Copies that depend on these tags go, and who fetches one now is told. */
function drop(next: State, named: number): void {
  if (named === 0) return;
  next[at.COPY] = 0;
  for (let reader = 0; reader < at.READERS; reader += 1) {
    const place = at.readerAt(reader);
    if (get(next, place + phase) > PROVEN && get(next, place + phase) < CHECKING) {
      next[place + touched] = get(next, place + touched) | named;
    }
  }
}

export function forgetCopies(next: State): void {
  drop(next, ALL_TAGS);
}

/** Keeps a copy of what was fetched, unless the guard says that it may have been invalidated since. */
export function keepCopy(next: State, { guard, stamped }: Rules, reader: number): void {
  const place = at.readerAt(reader);
  const named = get(next, place + touched);
  const its = stamped.reduce<number>((mask, kind) => mask | (1 << kind), 0);
  const watched = { 'its tags': its, anything: ALL_TAGS, 'its own key': 1 << at.OWN, none: 0 }[guard];
  if ((named & watched) === 0 && get(next, at.LAST_APPLIED) > 0) {
    next[at.COPY] = get(next, place + at.READER.version) + 1;
  }
}
