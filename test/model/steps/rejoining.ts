import type { Step } from '../explore.js';
import type { Rules } from '../rules.js';
import { ALL_TAGS, announce } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { forgetCopies } from './copies.js';
import { undoneRows } from './outbox-rows.js';
import * as phases from './process-phases.js';

const { phase, run, waits, missed, floor } = at.PROCESS;

/** What each process does, once its connection was lost, before it uses the store again. */
export function rejoiningSteps(rules: Rules): (state: State, step: Step) => void {
  return (state, step) => {
    for (let index = 0; index < at.PROCESSES; index += 1) {
      if (phases.phaseOf(state, index) !== phases.IN_USE) rejoin(state, rules, index, step);
    }
  };
}

function rejoin(state: State, rules: Rules, index: number, step: Step): void {
  const place = at.processAt(index);
  const now = phases.phaseOf(state, index);
  const who = `process ${index + 1}`;
  if (now === phases.LOST && rules.rejoins === 'when an older look at the outbox is done') {
    const words = (): string => `${who} looks at the outbox before it is connected`;
    step(words, (next) => look(next, place, phases.LOOKED_EARLY));
  } else if (now === phases.LOST || now === phases.LOOKED_EARLY) {
    step(
      () => `${who} is connected again`,
      (next) => connect(next, rules, index),
    );
  } else if (now === phases.CONNECTED) {
    step(
      () => `${who} compares the run of the store`,
      (next) => compare(next, rules, index),
    );
  } else if (now === phases.SAME_RUN && rules.rejoins === 'when the outbox is done') {
    step(
      () => `${who} looks which rows of the outbox are undone`,
      (next) => look(next, place, phases.WAITING),
    );
  } else if (now >= phases.FORGETTING) {
    forgetOn(state, rules, index, step);
  } else if ((get(state, place + waits) & undoneRows(state)) === 0) {
    step(
      () => `${who} uses the store again`,
      (next) => use(next, rules, index),
    );
  }
}

function connect(next: State, rules: Rules, index: number): void {
  const place = at.processAt(index);
  next[place + phase] = phases.CONNECTED;
  next[place + run] = get(next, at.RUN);
  if (get(next, place + missed) !== 0) next[place + missed] = phases.MISSED_BEFORE;
  // What any process has answered by now, in whatever way, is in the outbox: rejoining must bring it to light.
  if (rules.relaySteps !== undefined && index === 0) {
    next[place + floor] = Math.max(get(next, place + floor), get(next, at.ANSWERED));
  }
}

function compare(next: State, { comparesRuns, rejoins }: Rules, index: number): void {
  const place = at.processAt(index);
  const isSame = !comparesRuns || get(next, place + run) === get(next, at.KNOWN_RUN);
  const goesByItself =
    rejoins === 'after replacing the epoch' || rejoins === 'after replacing the epoch once';
  const mustForget = goesByItself && get(next, place + missed) !== 0;
  next[place + phase] = isSame && !mustForget ? phases.SAME_RUN : phases.FORGETTING;
}

function look(next: State, place: number, then: number): void {
  next[place + waits] = undoneRows(next);
  next[place + phase] = then;
}

const FORGET_STEPS: Readonly<Record<Rules['forgets'], readonly ('epoch' | 'log' | 'run')[]>> = {
  'then says so': ['epoch', 'log', 'run'],
  'after saying so': ['run', 'epoch', 'log'],
  'without announcing it': ['epoch', 'run'],
};
const FORGET_WORDS = {
  epoch: 'deletes the epoch',
  log: 'announces that all is forgotten',
  run: 'writes the run down',
};

function forgetOn(state: State, rules: Rules, index: number, step: Step): void {
  const place = at.processAt(index);
  const program = FORGET_STEPS[rules.forgets].filter((does) => does !== 'log' || rules.copies);
  const done = phases.phaseOf(state, index) - phases.FORGETTING;
  const does = program[done];
  const words = does === undefined ? 'uses the store again' : FORGET_WORDS[does];
  step(
    () => `process ${index + 1} ${words}`,
    (next) => {
      next[place + phase] = get(next, place + phase) + 1;
      if (does === 'epoch') next[at.GENERATIONS + at.EPOCH] = 0;
      else if (does === 'log') announce(next, ALL_TAGS);
      else if (does === 'run') next[at.KNOWN_RUN] = get(next, place + run);
      else use(next, rules, index);
      if (done === program.length - 1 && index === 0) forgetCopies(next);
    },
  );
}

function use(next: State, rules: Rules, index: number): void {
  const place = at.processAt(index);
  const mustRepeat = rules.rejoins !== 'after replacing the epoch once';
  if (get(next, place + missed) === phases.MISSED_MEANWHILE && mustRepeat) {
    connect(next, rules, index);
    return;
  }
  for (const field of [phase, run, waits, missed]) next[place + field] = 0;
  // What this very process has answered meanwhile must not be hidden by what it finds in the store.
  if (index === 0) next[place + floor] = Math.max(get(next, place + floor), get(next, at.ANSWERED_HERE));
}
