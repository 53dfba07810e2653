import type { FieldAddress } from '../coherence/entry-field.js';
import type { LoadTask } from './load-task.js';
import type { PendingLoad } from './pending-load.js';

/** A load that others may join. */
export interface Flight<T> {
  readonly pending: PendingLoad<T>;
  /** The load of this process that brings it; undefined while it waits for that of another one. */
  readonly load: LoadTask<unknown, T> | undefined;
}

/** Loads under way that others may join, one per key and generations. */
export class Flights<T extends { readonly filled: unknown }> {
  readonly #flights = new Map<string, Flight<T>>();

  get size(): number {
    return this.#flights.size;
  }

  /** The flight to join, if there is one. */
  get(key: string): Flight<T> | undefined {
    return this.#flights.get(key);
  }

  /**
   * Announces a flight. It can be joined until its value is known and its fill (`filled`) has ended; afterwards the
   * store answers; one that fails can be joined no more at once. Only this very flight is removed, never a successor under the same key.
   */
  announce(key: string, flight: Flight<T>): void {
    this.#flights.set(key, flight);
    const remove = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    // Those that wait for the flight see its failure; here it only ends.
    flight.pending.promise.then(({ filled }) => void Promise.resolve(filled).then(remove, remove), remove);
  }
}

/** Names what is loaded: the key, and for PRIVATE entries the viewer, so that no viewer joins the load of another one. */
export function nameOf({ key, viewer }: FieldAddress): string {
  return viewer === undefined ? key : `${key}\n@${viewer}`;
}

/**
 * The name of a flight. A reader never joins a load that began before a write: the write changed the generations, so
 * the reader looks for another flight.
 */
export function flightKey(key: string, generations: readonly string[]): string {
  return `${key}\n${generations.join(' ')}`;
}
