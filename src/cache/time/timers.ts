import { LONGEST_TIMER_MS } from './timer-limit.js';

/** Something to be done later, once. */
export interface Timers {
  /** Calls back after `ms` milliseconds, or after the longest time of a timer; what it answers with calls it off. */
  after(ms: number, callback: () => void): () => void;
}

/** The timers of the machine. They never keep a process alive. */
export const systemTimers: Timers = {
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS)).unref();
    return () => clearTimeout(timer);
  },
};
