import type { CallOff, Timers } from './clock.js';

/** Calls back every `ms` milliseconds, counted from the last call, until it is called off. */
export function every(timers: Timers, ms: number, callback: () => void): CallOff {
  let callOff = timers.after(ms, again);
  function again(): void {
    callOff = timers.after(ms, again);
    callback();
  }
  return () => callOff();
}
