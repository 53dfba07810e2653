import type { Rules } from '../rules.js';
import type { Step } from '../explore.js';
import { acquire, copyStamps, fill } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import * as phases from './reader-phases.js';
import { found, isCurrentEntry } from './readers.js';

const { phase, version, stamps, touched } = at.READER;

/** The miss path: generations of the tags, then the own one and what entry there is now; a load; a fill. */
export function missSteps(state: State, rules: Rules, reader: number, step: Step): void {
  const place = at.readerAt(reader);
  const who = `reader ${reader + 1}`;
  const now = get(state, place + phase);
  const isTagged = rules.stamped.length > 1;
  if (now === phases.MISSED && rules.loadsBeforeAcquiring) {
    load(state, reader, phases.LOADED_BLINDLY, step);
  } else if ((now === phases.MISSED || now === phases.LOADED_BLINDLY) && isTagged) {
    step(
      () => `${who} acquires the generations of the tags`,
      (next) => acquireTags(next, rules, place),
    );
  } else if (now === phases.MISSED || now === phases.LOADED_BLINDLY || now === phases.TAGS_ACQUIRED) {
    step(
      () => `${who} acquires the generation of the key`,
      (next) => acquireOwn(next, rules, reader),
    );
  } else if (now === phases.ACQUIRED) {
    load(state, reader, phases.LOADED, step);
  } else if (now === phases.LOADED) {
    store(state, rules, reader, step);
  }
}

function acquireTags(next: State, rules: Rules, place: number): void {
  for (const kind of rules.stamped) if (kind !== at.OWN) next[place + stamps + kind] = acquire(next, kind);
  next[place + touched] = 0;
  next[place + phase] = phases.TAGS_ACQUIRED;
}

function acquireOwn(next: State, rules: Rules, reader: number): void {
  const place = at.readerAt(reader);
  next[place + stamps + at.OWN] = acquire(next, at.OWN);
  if (rules.loadsBeforeAcquiring) next[place + phase] = phases.LOADED;
  else if (!isCurrentEntry(next, rules, place + stamps)) next[place + phase] = phases.ACQUIRED;
  else found(next, rules, reader, get(next, at.ENTRY) - 1);
}

function load(state: State, reader: number, then: number, step: Step): void {
  const place = at.readerAt(reader);
  const now = get(state, at.DATABASE);
  step(
    () => `reader ${reader + 1} loads version ${now}`,
    (next) => {
      next[place + version] = now;
      next[place + phase] = then;
    },
  );
}

function store(state: State, rules: Rules, reader: number, step: Step): void {
  const place = at.readerAt(reader);
  const filling = (next: State): void => {
    fill(next, rules, get(next, place + version), place + stamps);
    if (rules.copies || rules.flights !== undefined) next[place + phase] = phases.FILLED;
    else phases.answering(next, reader, get(next, place + version));
  };
  const own = get(state, place + version);
  step(() => `reader ${reader + 1} fills version ${own}`, filling);
  if (get(state, at.GHOSTS) === 0 || get(state, at.LATE_FILL) > 0) return;
  step(
    () => `reader ${reader + 1} fills version ${own}, a command that will run once more`,
    (next) => {
      next[at.GHOSTS] = get(next, at.GHOSTS) - 1;
      next[at.LATE_FILL] = own + 1;
      copyStamps(next, place + stamps, at.LATE_STAMPS);
      filling(next);
    },
  );
}
