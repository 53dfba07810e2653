import type { Step } from '../explore.js';
import type { Rules } from '../rules.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { IN_USE, loseConnection, phaseOf, usesStore } from './process-phases.js';

/** Connections that are lost, a log that is lost, a store that restarts from an older snapshot. */
export function lossSteps(rules: Rules): (state: State, step: Step) => void {
  return (state, step) => {
    if (get(state, at.RESTARTS) > 0) restart(state, rules, step);
    if (get(state, at.LOSSES) > 0 && usesStore(state)) {
      step(
        () => 'process 1 loses its connection',
        (next) => {
          next[at.LOSSES] = get(next, at.LOSSES) - 1;
          loseConnection(next, rules, 0);
        },
      );
    }
    if (get(state, at.LOG_LOSSES) > 0 && get(state, at.LOG_KEPT) > 0) {
      step(
        () => 'the log is lost',
        (next) => {
          next[at.LOG_LOSSES] = get(next, at.LOG_LOSSES) - 1;
          next[at.LOG_KEPT] = 0;
        },
      );
    }
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
        // Who is rejoining is not in use: nothing trips, unless somebody sees to it.
        if (phaseOf(next, index) === IN_USE || rules.startsOverWhenLost) loseConnection(next, rules, index);
      }
    },
  );
}
