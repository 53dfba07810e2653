import { createFieldCounters, type FieldCounters } from './field-counters.js';

/** All counters of one cache, by coordinate; metrics are read from here and nowhere else. */
export class Counters {
  readonly #fields = new Map<string, FieldCounters>();

  /** The counters of a coordinate, created on first use and then kept: look them up once, not per read. */
  of(coordinate: string): FieldCounters {
    let counters = this.#fields.get(coordinate);
    if (counters === undefined) {
      counters = createFieldCounters();
      this.#fields.set(coordinate, counters);
    }
    return counters;
  }

  /** A copy, safe to keep. */
  snapshot(): Readonly<Record<string, Readonly<FieldCounters>>> {
    return Object.fromEntries(
      Array.from(this.#fields, ([coordinate, counters]) => [coordinate, { ...counters }]),
    );
  }
}
