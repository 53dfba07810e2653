import type { Clock } from '../../src/cache/index.js';

/** A clock that tells how many timers are set on it, and how many were. */
export function countedTimers<Of extends Clock>(
  clock: Of,
): Of & { readonly timers: number; readonly timersSoFar: number } {
  const open = new Set<object>();
  let soFar = 0;
  return {
    ...clock,
    after: (ms, callback) => {
      const timer = {};
      open.add(timer);
      soFar += 1;
      const callOff = clock.after(ms, () => {
        open.delete(timer);
        callback();
      });
      return () => {
        open.delete(timer);
        callOff();
      };
    },
    get timers() {
      return open.size;
    },
    get timersSoFar() {
      return soFar;
    },
  };
}
