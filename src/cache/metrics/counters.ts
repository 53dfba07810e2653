import { createFieldCounters, numbersOf, type FieldCounters, type LiveCounters } from './field-counters.js';
import { Histogram } from './histogram.js';

/** All counters of one cache; metrics and reports are read from here and nowhere else. */
export class Counters {
  /** How long operations took, from their start to their answer, where a plugin of a server counts them. */
  readonly operations = new Histogram();
  /** Of reads of a store that is not in this process: those of one tick are one. */
  readonly storeRoundTrips = new Histogram();
  readonly #fields = new Map<string, LiveCounters>();

  /** The counters of a coordinate, created on first use and then kept: look them up once, not per read. */
  of(coordinate: string): LiveCounters {
    let counters = this.#fields.get(coordinate);
    if (counters === undefined) {
      counters = createFieldCounters();
      this.#fields.set(coordinate, counters);
    }
    return counters;
  }

  /** Those of all coordinates, as they go on counting. */
  all(): ReadonlyMap<string, LiveCounters> {
    return this.#fields;
  }

  /** A copy, safe to keep. */
  snapshot(): Readonly<Record<string, Readonly<FieldCounters>>> {
    return Object.fromEntries(
      Array.from(this.#fields, ([coordinate, counters]) => [coordinate, numbersOf(counters)]),
    );
  }
}
