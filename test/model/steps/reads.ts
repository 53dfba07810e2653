import type { Step } from '../explore.js';
import { readerName } from '../names.js';
import type { Rules } from '../rules.js';
import { copyStamps, isCurrent } from '../store.js';
import type { State } from '../visited.js';
import { COPY, ENTRY, ENTRY_STAMPS, GENERATIONS, get, READER, readerAt } from '../world.js';
import { finding, isCurrentEntry } from './finding.js';
import { usesStore } from './process-phases.js';
import { answering, beginning, ENTRY_HELD, GENERATIONS_HELD, MISSED, missing } from './reader-phases.js';

const { phase, version, stamps } = READER;

/** The hit path: a copy, or one command, or its first half where it is split. */
export function readSteps(state: State, rules: Rules, reader: number, step: Step): void {
  const copy = get(state, COPY);
  if (copy > 0) {
    const words = (): string => `${readerName(state, reader)} is answered by the copy of version ${copy - 1}`;
    step(words, (next) => answering(next, reader, copy - 1));
  } else if (usesStore(state)) {
    const words = (): string => `${readerName(state, reader)} reads ${wordsFor(state, rules)}`;
    step(words, (next) => {
      if (!rules.copies && !rules.comparesWithOlder) beginning(next, reader);
      readFirst(next, rules, reader);
    });
  }
}

function readFirst(next: State, rules: Rules, reader: number): void {
  const place = readerAt(reader);
  const entry = get(next, ENTRY);
  if (rules.reads === 'at once') {
    if (isCurrentEntry(next, rules, GENERATIONS)) finding(next, rules, reader, entry - 1);
    else next[place + phase] = MISSED;
  } else if (rules.reads === 'generations first') {
    next[place + phase] = GENERATIONS_HELD;
    copyStamps(next, GENERATIONS, place + stamps);
  } else if (entry === 0) {
    next[place + phase] = MISSED;
  } else {
    next[place + phase] = ENTRY_HELD;
    next[place + version] = entry - 1;
    copyStamps(next, ENTRY_STAMPS, place + stamps);
  }
}

/** The second half of a split read. */
export function restOfReadSteps(state: State, rules: Rules, reader: number, step: Step): void {
  const place = readerAt(reader);
  if (get(state, place + phase) === ENTRY_HELD) {
    const words = (): string => `${readerName(state, reader)} reads the generations, and compares`;
    step(words, (next) => {
      if (!isCurrent(next, rules, place + stamps, GENERATIONS)) missing(next, reader);
      else finding(next, rules, reader, get(next, place + version));
    });
  } else {
    const words = (): string => `${readerName(state, reader)} reads the entry${entryIn(state)}, and compares`;
    step(words, (next) => {
      if (rules.comparesWithOlder) beginning(next, reader);
      if (!isCurrentEntry(next, rules, place + stamps)) missing(next, reader);
      else finding(next, rules, reader, get(next, ENTRY) - 1);
    });
  }
}

function wordsFor(state: State, rules: Rules): string {
  if (rules.reads === 'entry first') return `the entry${entryIn(state)}`;
  if (rules.reads === 'generations first') {
    return rules.comparesWithOlder ? 'the generations, for a later read' : 'the generations';
  }
  const isHit = isCurrentEntry(state, rules, GENERATIONS);
  return `entry and generations: ${isHit ? `a hit, version ${get(state, ENTRY) - 1}` : 'a miss'}`;
}

function entryIn(state: State): string {
  return get(state, ENTRY) > 0 ? ` of version ${get(state, ENTRY) - 1}` : ', which is not there';
}
