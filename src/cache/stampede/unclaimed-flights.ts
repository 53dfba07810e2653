import type { PendingLoad } from './pending-load.js';

/**
 * Flights of loads without generations, while the store cannot tell them. It is not known what a load under way has
 * missed: another process may have written, and acknowledged it, since it began. So only a flight that has not begun
 * can be joined, and each key has at most one load under way and one that waits for its end.
 */
export class UnclaimedFlights<T> {
  readonly #waiting = new Map<string, PendingLoad<T>>();
  readonly #underWay = new Map<string, PendingLoad<T>>();

  /** The flight that can be joined, if there is one. */
  get(key: string): PendingLoad<T> | undefined {
    return this.#waiting.get(key);
  }

  announce(key: string, flight: PendingLoad<T>): void {
    this.#waiting.set(key, flight);
  }

  /** The load that is under way; undefined where there is none. */
  underWay(key: string): PendingLoad<T> | undefined {
    return this.#underWay.get(key);
  }

  /** From now on no reader can join. */
  begin(key: string, flight: PendingLoad<T>): void {
    if (this.#waiting.get(key) === flight) this.#waiting.delete(key);
    const end = (): void => {
      if (this.#underWay.get(key) === flight) this.#underWay.delete(key);
    };
    this.#underWay.set(key, flight);
    flight.promise.then(end, end);
  }
}
