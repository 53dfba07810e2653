import type { Rules } from '../rules.js';
import type { Step } from '../explore.js';
import { ALL_TAGS, announce } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { forgetCopies } from './log-checks.js';
import { UNDONE } from './writers.js';

const IN_USE = 0;
const LOST = 1;
const LOOKED_EARLY = 2;
const CONNECTED = 3;
const SAME_RUN = 4;
const WAITING = 5;
const FORGETTING = 10;

const { phase, run, waits, missed, floor } = at.PROCESS;
const MISSED = 1;
const MISSED_MEANWHILE = 2;

/** Whether the process of the readers may use the store. */
export const usesStore = (state: State): boolean => get(state, at.processAt(0) + phase) === IN_USE;

/** An invalidation gets through while the store is in use, and while it is being rejoined. */
export function mayInvalidate(state: State, process: number | undefined): boolean {
  if (process === undefined) return true;
  const now = get(state, at.processAt(process) + phase);
  return now === IN_USE || now >= CONNECTED;
}

/** An invalidation failed: the process stops using the store, or goes through its rejoining once more. */
export function noteMissed(next: State, process: number | undefined): void {
  if (process === undefined) return;
  const place = at.processAt(process);
  if (get(next, place + phase) >= CONNECTED) {
    next[place + missed] = MISSED_MEANWHILE;
  } else {
    next[place + missed] = MISSED;
    if (get(next, place + phase) === IN_USE) next[place + phase] = LOST;
  }
}

/** Lost connections, a restart from a snapshot, and what a process does before it uses the store again. */
export function rejoiningSteps(rules: Rules): (state: State, step: Step) => void {
  const goesAway =
    rules.losses > 0 || rules.restarts > 0 || rules.writers.some(({ process }) => process === 0);
  if (!goesAway) return () => undefined;
  return (state, step) => {
    if (get(state, at.RESTARTS) > 0) restart(state, rules, step);
    if (get(state, at.LOSSES) > 0 && usesStore(state)) {
      step(
        () => 'process 1 loses its connection',
        (next) => {
          next[at.LOSSES] = get(next, at.LOSSES) - 1;
          next[at.processAt(0) + phase] = LOST;
        },
      );
    }
    for (let index = 0; index < at.PROCESSES; index += 1) rejoin(state, rules, index, step);
  };
}

function restart(state: State, rules: Rules, step: Step): void {
  if (get(state, at.SNAPSHOT_TAKEN) === 0) {
    step(
      () => 'the store takes a snapshot',
      (next) => {
        next[at.SNAPSHOT_TAKEN] = 1;
        next.copyWithin(at.SNAPSHOT, at.STORE.from, at.STORE.to);
      },
    );
    return;
  }
  step(
    () => 'the store restarts from its snapshot',
    (next) => {
      next[at.RESTARTS] = get(next, at.RESTARTS) - 1;
      next[at.RUN] = get(next, at.RUN) + 1;
      next.copyWithin(at.STORE.from, at.SNAPSHOT, at.SNAPSHOT + at.STORE.to - at.STORE.from);
      for (let index = 0; index < at.PROCESSES; index += 1) {
        const place = at.processAt(index);
        // What is not in use is not being watched, unless somebody sees to it.
        if (get(next, place + phase) === IN_USE || rules.startsOverWhenLost) loseConnection(next, place);
      }
    },
  );
}

function loseConnection(next: State, place: number): void {
  next[place + phase] = LOST;
  next[place + run] = 0;
  next[place + waits] = 0;
  if (get(next, place + missed) !== 0) next[place + missed] = MISSED;
}

function rejoin(state: State, rules: Rules, index: number, step: Step): void {
  const place = at.processAt(index);
  const now = get(state, place + phase);
  const who = `process ${index + 1}`;
  if (now === LOST && rules.rejoins === 'when an older look at the outbox is done') {
    step(
      () => `${who} looks at the outbox before it is connected`,
      (next) => look(next, place, LOOKED_EARLY),
    );
  } else if (now === LOST || now === LOOKED_EARLY) {
    step(
      () => `${who} is connected again`,
      (next) => connect(next, rules, index),
    );
  } else if (now === CONNECTED) {
    step(
      () => `${who} compares the run of the store`,
      (next) => compare(next, rules, index),
    );
  } else if (now === SAME_RUN && rules.rejoins === 'when the outbox is done') {
    step(
      () => `${who} looks which rows of the outbox are undone`,
      (next) => look(next, place, WAITING),
    );
  } else if (now === SAME_RUN || now === WAITING) {
    if ((get(state, place + waits) & undoneRows(state)) !== 0) return;
    step(
      () => `${who} uses the store again`,
      (next) => use(next, rules, index),
    );
  } else if (now >= FORGETTING) forgetOn(state, rules, index, step);
}

function connect(next: State, rules: Rules, index: number): void {
  const place = at.processAt(index);
  next[place + phase] = CONNECTED;
  next[place + run] = get(next, at.RUN);
  if (get(next, place + missed) !== 0) next[place + missed] = MISSED;
  // What any process has answered by now, in whatever way, is what rejoining must bring to light.
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
  next[place + phase] = isSame && !mustForget ? SAME_RUN : FORGETTING;
}

function look(next: State, place: number, then: number): void {
  next[place + waits] = undoneRows(next);
  next[place + phase] = then;
}

/** A bit for each row that is committed and not done. */
function undoneRows(state: State): number {
  let rows = 0;
  for (let writer = 0; writer < at.WRITERS; writer += 1) {
    for (const tag of [at.OWN, at.TAG]) {
      const row = get(state, at.writerAt(writer) + at.WRITER.rows + tag);
      if (row === UNDONE) rows |= 1 << (writer * 2 + tag);
    }
  }
  return rows;
}

const FORGET_STEPS: Readonly<Record<Rules['forgets'], readonly ('epoch' | 'log' | 'run')[]>> = {
  'then says so': ['epoch', 'log', 'run'],
  'after saying so': ['run', 'epoch', 'log'],
  'without announcing it': ['epoch', 'run'],
};

function forgetOn(state: State, rules: Rules, index: number, step: Step): void {
  const place = at.processAt(index);
  const program = FORGET_STEPS[rules.forgets].filter((does) => does !== 'log' || rules.copies);
  const done = get(state, place + phase) - FORGETTING;
  const does = program[done];
  const words = {
    epoch: 'deletes the epoch',
    log: 'announces that all is forgotten',
    run: 'writes the run down',
  };
  step(
    () => `process ${index + 1} ${does === undefined ? 'uses the store again' : words[does]}`,
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
  if (get(next, place + missed) === MISSED_MEANWHILE && rules.rejoins !== 'after replacing the epoch once') {
    connect(next, rules, index);
    return;
  }
  for (const field of [phase, run, waits, missed]) next[place + field] = 0;
  // What this very process has answered meanwhile must not be hidden by what it finds in the store.
  if (index === 0) next[place + floor] = Math.max(get(next, place + floor), get(next, at.ANSWERED_HERE));
}
