import type { Clock } from '../../src/cache/index.js';

/** A clock that moves only when the test says so. Sleepers wake soon: their pauses take no time on this clock. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(startMs = 1_750_000_000_000): ManualClock {
  let now = startMs;
  return {
    nowMs: () => now,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
    advance: (ms) => {
      now += ms;
    },
  };
}
