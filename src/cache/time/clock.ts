import { LONGEST_TIMER_MS } from './timer-limit.js';

/** Time, as the engine sees it; a test may own it. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds, or after the longest time that timers can be set for. */
  sleep(ms: number): Promise<void>;
  /** Calls back as late as `sleep` resolves, unless it is called off before: with what it answers. */
  after(ms: number, callback: () => void): () => void;
}

/** What sets timers. */
export type Timers = Pick<Clock, 'after'>;

/** Has a callback not be called; without effect after it was. */
export type CallOff = () => void;

/**
 * How far in the future something may lie that another clock has written, milliseconds: processes are never quite in step.
 * Beyond it the clock was set back, and what was written before must not count until the present has caught up.
 */
const CLOCK_LEAD_MS = 2000;

/** True where a moment lies further ahead than the clocks of two processes can be apart. */
export function isFromTheFuture(atMs: number, nowMs: number): boolean {
  return atMs - nowMs > CLOCK_LEAD_MS;
}

/** True once a moment has come that was at most `spanMs` away, or the clock was set back since. */
export function hasCome(atMs: number, nowMs: number, spanMs: number): boolean {
  return nowMs >= atMs || isFromTheFuture(atMs - spanMs, nowMs);
}

/** Milliseconds since a moment of the same clock; 0 where the clock was set back meanwhile. */
export function elapsedMs(clock: Pick<Clock, 'nowMs'>, sinceMs: number): number {
  return Math.max(0, clock.nowMs() - sinceMs);
}

/** The machine's clock. Its timers never keep a process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => void systemClock.after(ms, resolve)),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS)).unref();
    return () => clearTimeout(timer);
  },
};
