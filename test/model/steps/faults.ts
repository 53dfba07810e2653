import type { Step } from '../explore.js';
import { GENERATION_NAMES, readerName, TAG_NAMES } from '../names.js';
import type { Rules } from '../rules.js';
import { acquire, deleteEntry, fill, invalidate } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';

/** Evictions of single keys, and commands that run once more, at any time. */
export function faultSteps(rules: Rules): (state: State, step: Step) => void {
  return (state, step) => {
    if (get(state, at.EVICTIONS) > 0) evict(state, rules, step);
    if (get(state, at.GHOSTS) > 0 && get(state, at.DATABASE) > 0) repeatInvalidation(rules, step);
    if (get(state, at.GHOSTS) > 0) repeatAcquire(state, rules, step);
    if (get(state, at.LATE_FILL) > 0) repeatFill(rules, step);
  };
}

function evict(state: State, { stamped }: Rules, step: Step): void {
  if (get(state, at.ENTRY) > 0) {
    step(
      () => 'the entry is evicted',
      (next) => {
        next[at.EVICTIONS] = get(next, at.EVICTIONS) - 1;
        deleteEntry(next);
      },
    );
  }
  for (const kind of stamped) {
    if (get(state, at.GENERATIONS + kind) === 0) continue;
    step(
      () => `${GENERATION_NAMES[kind]} is evicted`,
      (next) => {
        next[at.EVICTIONS] = get(next, at.EVICTIONS) - 1;
        next[at.GENERATIONS + kind] = 0;
      },
    );
  }
}

function repeatInvalidation(rules: Rules, step: Step): void {
  for (const tag of new Set(rules.writers.flatMap(({ tags }) => tags))) {
    step(
      () => `an invalidation of ${TAG_NAMES[tag]} runs once more`,
      (next) => {
        next[at.GHOSTS] = get(next, at.GHOSTS) - 1;
        invalidate(next, rules, tag);
      },
    );
  }
}

function repeatAcquire(state: State, rules: Rules, step: Step): void {
  for (const kind of rules.stamped) {
    if (get(state, at.GENERATIONS + kind) > 0) continue;
    step(
      () => `an acquire runs once more, and makes ${GENERATION_NAMES[kind]} anew`,
      (next) => {
        next[at.GHOSTS] = get(next, at.GHOSTS) - 1;
        acquire(next, kind);
      },
    );
    if (rules.idsComeBack) bringIdsBack(state, kind, step);
  }
}

function bringIdsBack(state: State, kind: number, step: Step): void {
  for (let reader = 0; reader < at.READERS; reader += 1) {
    const before = get(state, at.readerAt(reader) + at.READER.stamps + kind);
    if (before === 0) continue;
    step(
      () => `the acquire of ${readerName(state, reader)} runs once more, and makes the same id again`,
      (next) => {
        next[at.GHOSTS] = get(next, at.GHOSTS) - 1;
        next[at.GENERATIONS + kind] = before;
      },
    );
  }
}

function repeatFill(rules: Rules, step: Step): void {
  step(
    () => 'the fill runs once more',
    (next) => {
      fill(next, rules, get(next, at.LATE_FILL) - 1, at.LATE_STAMPS);
      next[at.LATE_FILL] = 0;
      next.fill(0, at.LATE_STAMPS, at.LATE_STAMPS + at.KINDS);
    },
  );
}
