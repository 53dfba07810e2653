import type { Rules } from '../rules.js';
import type { Step } from '../explore.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';

/** The log is evicted, trimmed or flushed, with everything that is in it. */
export function logLossSteps(_rules: Rules): (state: State, step: Step) => void {
  return (state, step) => {
    if (get(state, at.LOG_LOSSES) === 0 || get(state, at.LOG_KEPT) === 0) return;
    step(
      () => 'the log is lost',
      (next) => {
        next[at.LOG_LOSSES] = get(next, at.LOG_LOSSES) - 1;
        next[at.LOG_KEPT] = 0;
      },
    );
  };
}
