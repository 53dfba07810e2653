import type { Step } from '../explore.js';
import { readerName } from '../names.js';
import type { Rules } from '../rules.js';
import { flightOf } from '../store.js';
import type { State } from '../visited.js';
import { get, READER, readerAt } from '../world.js';
import { keepCopy } from './copies.js';
import { checkSteps } from './log-checks.js';
import { missSteps } from './misses.js';
import { usesStore } from './process-phases.js';
import { readSteps, restOfReadSteps } from './reads.js';
import * as phases from './reader-phases.js';

const { phase, version } = READER;

/** Each reader reads once, in one process; it may be slow at any place. */
export function readerSteps(rules: Rules): (state: State, step: Step) => void {
  return (state, step) => {
    for (let reader = 0; reader < rules.readers; reader += 1) goOn(state, rules, reader, step);
  };
}

function goOn(state: State, rules: Rules, reader: number, step: Step): void {
  const now = get(state, readerAt(reader) + phase);
  if (now === phases.ENDED) return;
  if (now === phases.CHECKING || (now === phases.IDLE && rules.copies))
    checkSteps(state, rules, reader, step);
  else if (now === phases.IDLE || now === phases.PROVEN) readSteps(state, rules, reader, step);
  else if (now === phases.FOUND || now === phases.FILLED) land(state, rules, reader, step);
  else if (!usesStore(state)) return;
  else if (now === phases.ENTRY_HELD || now === phases.GENERATIONS_HELD)
    restOfReadSteps(state, rules, reader, step);
  else missSteps(state, rules, reader, step);
  if (now === phases.ACQUIRED && rules.flights !== undefined) join(state, rules, reader, step);
}

/** The answer arrives. A copy is made only then. */
function land(state: State, rules: Rules, reader: number, step: Step): void {
  const place = readerAt(reader);
  const found = get(state, place + version);
  const makesCopy = rules.copies && (get(state, place + phase) === phases.FOUND || rules.copiesFills);
  const words = (): string =>
    `${readerName(state, reader)} returns version ${found}${makesCopy ? ', and keeps a copy if it may' : ''}`;
  step(words, (next) => {
    if (makesCopy) keepCopy(next, rules, reader);
    phases.answering(next, reader, found);
  });
}

/** Joins a flight of the same name. Its value is known by the time that it is used, so it is used at once here. */
function join(state: State, rules: Rules, reader: number, step: Step): void {
  const name = flightOf(state, rules, readerAt(reader));
  for (let other = 0; other < rules.readers; other += 1) {
    const place = readerAt(other);
    const now = get(state, place + phase);
    const isUnderWay = now === phases.LOADED || now === phases.FILLED;
    if (other === reader || !isUnderWay || flightOf(state, rules, place) !== name) continue;
    const loaded = get(state, place + version);
    const words = (): string =>
      `${readerName(state, reader)} joins the flight of ${readerName(state, other)}: version ${loaded}`;
    step(words, (next) => phases.answering(next, reader, loaded));
  }
}
