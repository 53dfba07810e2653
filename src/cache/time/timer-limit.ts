import { written } from '../written.js';

/** The longest that a timer of Node.js can be set for, milliseconds, some 24 days: one for longer ends after 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What is wrong with an option in milliseconds that a timer is set for, as the end of a sentence; none where it can be. */
export function timerFaults(name: string, ms: unknown): string[] {
  if (typeof ms === 'number' && ms > 0) return tooLongFaults({ [name]: ms });
  return [`${name} must be a positive number of milliseconds, but got ${written(ms)}`];
}

/** Those of these options, by name, that are longer than a timer can be; what else they must be is asked elsewhere. */
export function tooLongFaults(options: Readonly<Record<string, number | undefined>>): string[] {
  return Object.entries(options)
    .filter(([, ms = 0]) => ms > LONGEST_TIMER_MS)
    .map(
      ([name, ms]) =>
        `${name} must be at most ${LONGEST_TIMER_MS} milliseconds, some 24 days, as no timer is longer, but got ${ms}`,
    );
}
