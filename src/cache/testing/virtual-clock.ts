import type { Clock } from '../time/clock.js';

/** A clock that moves only when the test says so, and wakes sleepers when their time has come, one by one. */
export interface VirtualClock extends Clock {
  /** Lets so many milliseconds pass. Resolves once the sleepers that were woken have done what takes no time. */
  pass(ms: number): Promise<void>;
  /** Sets it, also back, as an administrator does; it wakes no sleeper. Milliseconds since the epoch. */
  set(nowMs: number): void;
}

/**
 * A clock for tests of what waits: back-offs, intervals and time limits take place when your test lets time pass, in their
 * order. It begins at `startMs` milliseconds since the epoch, by default in June 2025.
 */
export function virtualClock(startMs = 1_750_000_000_000): VirtualClock {
  let now = startMs;
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const after = (ms: number, wake: () => void): (() => void) => {
    const sleeper = { atMs: now + ms, wake };
    sleepers.push(sleeper);
    return () => (sleepers = sleepers.filter((one) => one !== sleeper));
  };
  return {
    nowMs: () => now,
    sleep: (ms) => new Promise((wake) => void after(ms, wake)),
    after,
    set: (nowMs) => (now = nowMs),
    async pass(ms) {
      const untilMs = now + ms;
      for (;;) {
        await settled();
        const due = sleepers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        sleepers = sleepers.filter((sleeper) => sleeper !== due);
        now = Math.max(now, due.atMs);
        due.wake();
      }
      now = untilMs;
    },
  };
}
