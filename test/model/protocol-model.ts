import { canonicalFor, forgetNames } from './canonical.js';
import type { Model } from './explore.js';
import type { Rules } from './rules.js';
import { acquire, announce, copyStamps } from './store.js';
import { faultSteps } from './steps/faults.js';
import { lossSteps } from './steps/losses.js';
import { readerSteps } from './steps/readers.js';
import { rejoiningSteps } from './steps/rejoining.js';
import { relaySteps } from './steps/relay.js';
import { writerSteps } from './steps/writers.js';
import type { State } from './visited.js';
import * as at from './world.js';
import { get } from './world.js';

/** The cache and all who use it, under one set of rules. */
export function protocolModel(rules: Rules): Model {
  const parts = [writerSteps, relaySteps, readerSteps, faultSteps, lossSteps, rejoiningSteps];
  const actors = parts.map((part) => part(rules));
  return {
    bytes: at.WORLD_BYTES,
    starts: [
      { words: 'at first nothing is stored', state: cold(rules) },
      { words: 'at first version 0 is stored', state: warm(rules) },
    ],
    steps: (state, step) => {
      for (const actor of actors) actor(state, step);
    },
    canonical: canonicalFor(rules),
    forgetNames: (state) => forgetNames(state, rules),
    isBroken: (state) => get(state, at.BROKEN) > 0,
  };
}

function cold(rules: Rules): State {
  const state = new Uint8Array(at.WORLD_BYTES);
  for (let index = 0; index < rules.readers; index += 1) {
    state[at.readerAt(index) + at.READER.name] = index + 1;
  }
  for (const index of rules.writers.keys()) state[at.writerAt(index) + at.WRITER.name] = index + 1;
  state[at.EVICTIONS] = rules.evictions;
  state[at.GHOSTS] = rules.ghosts;
  state[at.CRASHES] = rules.crashes;
  state[at.LOSSES] = rules.losses;
  state[at.RESTARTS] = rules.restarts;
  state[at.LOG_LOSSES] = rules.logLosses;
  if (rules.copies) {
    announce(state, 0);
    state[at.LAST_APPLIED] = 1;
  }
  return state;
}

function warm(rules: Rules): State {
  const state = cold(rules);
  for (const kind of rules.stamped) acquire(state, kind);
  state[at.ENTRY] = 1;
  copyStamps(state, at.GENERATIONS, at.ENTRY_STAMPS);
  if (rules.copies) state[at.COPY] = 1;
  return state;
}
