import type { Timers } from './clock.js';

/**
 * Resolves after `ms` milliseconds, or as soon as `woken` is settled. No timer is left behind, but `woken` holds on to each pause
 * until it is settled: it must be made for this one. For what is woken again and again there are `WakeablePauses`.
 */
export function pause(timers: Timers, ms: number, woken: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const callOff = timers.after(ms, resolve);
    const wake = (): void => {
      callOff();
      resolve();
    };
    woken.then(wake, wake);
  });
}
