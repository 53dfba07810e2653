import type { Rules } from '../rules.js';
import type { Step } from '../explore.js';
import { copyStamps, flightOf, isCurrent } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { checkSteps, keepCopy } from './log-checks.js';
import { missSteps } from './misses.js';
import * as phases from './reader-phases.js';
import { usesStore } from './rejoining.js';

const { phase, version, stamps } = at.READER;

/** Each reader reads once, in one process; it may be slow at any place. */
export function readerSteps(rules: Rules): (state: State, step: Step) => void {
  const first = rules.copies ? phases.PROVEN : phases.IDLE;
  return (state, step) => {
    for (let reader = 0; reader < rules.readers; reader += 1) {
      const now = get(state, at.readerAt(reader) + phase);
      if (rules.copies) checkSteps(state, rules, reader, step);
      if (now === first) ask(state, rules, reader, step);
      else if (usesStore(state)) goOn(state, rules, reader, step);
      if (now === phases.FOUND || now === phases.FILLED) land(state, rules, reader, step);
    }
  };
}

/** The hit path, one command or two. */
function ask(state: State, rules: Rules, reader: number, step: Step): void {
  const place = at.readerAt(reader);
  const copy = get(state, at.COPY);
  if (copy > 0) {
    const words = (): string => `reader ${reader + 1} is answered by the copy of version ${copy - 1}`;
    step(words, (next) => phases.answering(next, reader, copy - 1));
    return;
  }
  if (!usesStore(state)) return;
  const begin = (next: State): void => {
    if (!rules.copies) phases.beginning(next, reader);
  };
  if (rules.reads === 'at once') {
    step(
      () => `reader ${reader + 1} reads entry and generations: ${foundNow(state, rules)}`,
      (next) => {
        begin(next);
        if (isCurrentEntry(next, rules, at.GENERATIONS)) found(next, rules, reader, get(next, at.ENTRY) - 1);
        else next[place + phase] = phases.MISSED;
      },
    );
  } else if (rules.reads === 'entry first') {
    step(
      () => `reader ${reader + 1} reads the entry${entryIn(state)}`,
      (next) => {
        begin(next);
        next[place + phase] = get(next, at.ENTRY) > 0 ? phases.ENTRY_HELD : phases.MISSED;
        next[place + version] = Math.max(0, get(next, at.ENTRY) - 1);
        copyStamps(next, at.ENTRY_STAMPS, place + stamps);
      },
    );
  } else {
    const before = rules.comparesWithOlder ? ', to be used by later reads' : '';
    step(
      () => `reader ${reader + 1} reads the generations${before}`,
      (next) => {
        if (!rules.comparesWithOlder) begin(next);
        next[place + phase] = phases.GENERATIONS_HELD;
        copyStamps(next, at.GENERATIONS, place + stamps);
      },
    );
  }
}

function goOn(state: State, rules: Rules, reader: number, step: Step): void {
  const place = at.readerAt(reader);
  const now = get(state, place + phase);
  if (now === phases.ENTRY_HELD) {
    step(
      () => `reader ${reader + 1} reads the generations and compares`,
      (next) => {
        if (!isCurrent(next, rules, place + stamps, at.GENERATIONS)) miss(next, place);
        else found(next, rules, reader, get(next, place + version));
      },
    );
  } else if (now === phases.GENERATIONS_HELD) {
    step(
      () => `reader ${reader + 1} reads the entry${entryIn(state)} and compares`,
      (next) => {
        if (rules.comparesWithOlder) phases.beginning(next, reader);
        if (!isCurrentEntry(next, rules, place + stamps)) miss(next, place);
        else found(next, rules, reader, get(next, at.ENTRY) - 1);
      },
    );
  } else {
    missSteps(state, rules, reader, step);
    if (now === phases.ACQUIRED && rules.flights !== undefined) join(state, rules, reader, step);
  }
}

export function isCurrentEntry(state: State, rules: Rules, present: number): boolean {
  return get(state, at.ENTRY) > 0 && isCurrent(state, rules, at.ENTRY_STAMPS, present);
}

function miss(next: State, place: number): void {
  next.fill(0, place + version, place + at.READER.bytes);
  next[place + phase] = phases.MISSED;
}

/** A copy is made when the answer arrives, which may be much later. */
export function found(next: State, rules: Rules, reader: number, version: number): void {
  const place = at.readerAt(reader);
  if (!rules.copies) {
    phases.answering(next, reader, version);
    return;
  }
  next.fill(0, place + stamps, place + stamps + at.KINDS);
  next[place + phase] = phases.FOUND;
  next[place + at.READER.version] = version;
}

function land(state: State, rules: Rules, reader: number, step: Step): void {
  const place = at.readerAt(reader);
  const own = get(state, place + version);
  const makesCopy = rules.copies && (get(state, place + phase) === phases.FOUND || rules.copiesFills);
  step(
    () => `reader ${reader + 1} returns version ${own}${makesCopy ? ' and keeps a copy, if it may' : ''}`,
    (next) => {
      if (makesCopy) keepCopy(next, rules, reader);
      phases.answering(next, reader, own);
    },
  );
}

/** Joins a flight of the same name, whose value is known by the time it is used. */
function join(state: State, rules: Rules, reader: number, step: Step): void {
  const name = flightOf(state, rules, at.readerAt(reader));
  for (let other = 0; other < rules.readers; other += 1) {
    const place = at.readerAt(other);
    const isUnderWay =
      get(state, place + phase) === phases.LOADED || get(state, place + phase) === phases.FILLED;
    if (other === reader || !isUnderWay || flightOf(state, rules, place) !== name) continue;
    const loaded = get(state, place + version);
    const words = (): string =>
      `reader ${reader + 1} joins the flight of reader ${other + 1}: version ${loaded}`;
    step(words, (next) => phases.answering(next, reader, loaded));
  }
}

function foundNow(state: State, rules: Rules): string {
  return isCurrentEntry(state, rules, at.GENERATIONS)
    ? `a hit, version ${get(state, at.ENTRY) - 1}`
    : 'a miss';
}

function entryIn(state: State): string {
  return get(state, at.ENTRY) > 0 ? ` of version ${get(state, at.ENTRY) - 1}` : ', which is not there';
}
