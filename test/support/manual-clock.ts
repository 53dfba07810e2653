import type { Clock } from '../../src/cache/index.js';

/** A clock that moves only when the test says so. Sleepers wake at once: their pauses take no time here. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(startMs = 1_750_000_000_000): ManualClock {
  let now = startMs;
  return {
    nowMs: () => now,
    sleep: () => Promise.resolve(),
    advance: (ms) => {
      now += ms;
    },
  };
}
