import type { Step } from '../explore.js';
import { readerName } from '../names.js';
import type { Rules } from '../rules.js';
import { acquire, copyStamps, fill } from '../store.js';
import type { State } from '../visited.js';
import { DATABASE, ENTRY, get, GHOSTS, LATE_FILL, LATE_STAMPS, OWN, READER, readerAt } from '../world.js';
import { finding, isCurrentEntry } from './finding.js';
import * as phases from './reader-phases.js';

const { phase, version, stamps, touched } = READER;

/** The miss path: generations of the tags, then the own one and what entry there is now; a load; a fill. */
export function missSteps(state: State, rules: Rules, reader: number, step: Step): void {
  const now = get(state, readerAt(reader) + phase);
  const mustAcquire = now === phases.MISSED || now === phases.LOADED_BLINDLY;
  if (now === phases.MISSED && rules.loadsBeforeAcquiring) {
    load(state, reader, phases.LOADED_BLINDLY, step);
  } else if (mustAcquire && rules.stamped.length > 1) {
    step(
      () => `${readerName(state, reader)} acquires the generations beside the key's own`,
      (next) => acquireShared(next, rules, reader),
    );
  } else if (mustAcquire || now === phases.TAGS_ACQUIRED) {
    step(
      () => `${readerName(state, reader)} acquires the generation of the key`,
      (next) => acquireOwn(next, rules, reader),
    );
  } else if (now === phases.ACQUIRED) {
    load(state, reader, phases.LOADED, step);
  } else if (now === phases.LOADED) {
    store(state, rules, reader, step);
  }
}

function acquireShared(next: State, rules: Rules, reader: number): void {
  const place = readerAt(reader);
  for (const kind of rules.stamped) if (kind !== OWN) next[place + stamps + kind] = acquire(next, kind);
  next[place + touched] = 0;
  next[place + phase] = phases.TAGS_ACQUIRED;
}

/** Answers with the entry that is there by now, if it counts. */
function acquireOwn(next: State, rules: Rules, reader: number): void {
  const place = readerAt(reader);
  next[place + stamps + OWN] = acquire(next, OWN);
  if (rules.loadsBeforeAcquiring) next[place + phase] = phases.LOADED;
  else if (!isCurrentEntry(next, rules, place + stamps)) next[place + phase] = phases.ACQUIRED;
  else finding(next, rules, reader, get(next, ENTRY) - 1);
}

function load(state: State, reader: number, then: number, step: Step): void {
  const place = readerAt(reader);
  const now = get(state, DATABASE);
  step(
    () => `${readerName(state, reader)} loads version ${now}`,
    (next) => {
      next[place + version] = now;
      next[place + phase] = then;
    },
  );
}

function store(state: State, rules: Rules, reader: number, step: Step): void {
  const place = readerAt(reader);
  const loaded = get(state, place + version);
  const filling = (next: State): void => {
    fill(next, rules, loaded, place + stamps);
    if (rules.copies || rules.flights !== undefined) next[place + phase] = phases.FILLED;
    else phases.answering(next, reader, loaded);
  };
  step(() => `${readerName(state, reader)} fills version ${loaded}`, filling);
  if (get(state, GHOSTS) === 0 || get(state, LATE_FILL) > 0) return;
  step(
    () => `${readerName(state, reader)} fills version ${loaded}, with a command that will run once more`,
    (next) => {
      next[GHOSTS] = get(next, GHOSTS) - 1;
      next[LATE_FILL] = loaded + 1;
      copyStamps(next, place + stamps, LATE_STAMPS);
      filling(next);
    },
  );
}
