import type { CacheLog } from '../log.js';
import type { Clock } from './clock.js';
import { OnceInAWhile } from './once-in-a-while.js';

/** Of one field the same is told once in so many milliseconds. */
const TOLD_EVERY_MS = 1000;

/** What is told of a field, or of one of its tags. */
interface Trouble {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly details: {
    readonly coordinate: string;
    readonly tag?: string;
    /** How many there are. */
    readonly tags?: number;
    readonly error?: string;
  };
}

/** Tells it at once, and of many in a row how many there were: `times`. */
export type Troubles = (trouble: Trouble) => void;

/** In an outage every request of a field says the same: without this the log would get a line of each. */
export function createTroubles({ log, clock }: { log: CacheLog; clock: Clock }): Troubles {
  const told = new OnceInAWhile({ clock, quietMs: TOLD_EVERY_MS });
  return ({ level, message, details }) => {
    const { coordinate, tag = '' } = details;
    const times = told.happened(`${message} ${coordinate} ${tag}`);
    if (times !== undefined) log[level]({ ...details, times }, message);
  };
}
