import type { Clock } from '../time/clock.js';

/** A clock that moves only when the test says so, and on which pauses take no time. */
export interface ManualClock extends Clock {
  /** Moves it by so many milliseconds, at once. */
  advance(ms: number): void;
}

/**
 * A clock for `createCache`, `memoryStore` and `memoryJournal` that your test owns: entries expire when it advances. Who
 * sleeps on it wakes a millisecond later, so that retries and back-offs go on by themselves, and time limits hold until it has
 * advanced so far; where a test must decide when pauses end, take `virtualClock`. It begins at `startMs` milliseconds since the epoch, by default in June 2025.
 */
export function manualClock(startMs = 1_750_000_000_000): ManualClock {
  let now = startMs;
  return {
    nowMs: () => now,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
    after: (_ms, callback) => {
      const timer = setTimeout(callback, 1);
      return () => clearTimeout(timer);
    },
    advance: (ms) => {
      now += ms;
    },
  };
}
