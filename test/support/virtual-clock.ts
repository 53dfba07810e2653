import type { Clock } from '../../src/cache/index.js';

/** A clock that moves only when the test says so, and wakes those who sleep when their time has come, one by one. */
export interface VirtualClock extends Clock {
  /** Lets so much time pass. Resolves when whoever was woken has done what takes no time. */
  pass(ms: number): Promise<void>;
  set(nowMs: number): void;
}

export function virtualClock(startMs = 1_750_000_000_000): VirtualClock {
  let now = startMs;
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    nowMs: () => now,
    sleep: (ms) => new Promise((wake) => void sleepers.push({ atMs: now + ms, wake })),
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
