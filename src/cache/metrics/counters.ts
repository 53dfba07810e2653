import { createFieldCounters, numbersOf, type FieldCounters, type LiveCounters } from './field-counters.js';
import { Timed } from './field-times.js';
import { Histogram, timesTaken, type TimesTaken } from './histogram.js';

/** How long things took in this process since its start. */
export interface CacheTimes {
  /** By coordinate: hits and reads of the store of a sample, and all loads. */
  readonly fields: Readonly<Record<string, Readonly<Record<'hits' | 'loads' | 'storeReads', TimesTaken>>>>;
  /** Whole operations, where the plugin of a server, or `cache.stats.timeOperation`, measures them. */
  readonly operations: TimesTaken;
  /** Reads and claims of a store that is not in the process. */
  readonly storeRoundTrips: TimesTaken;
}

/** All counters of one cache; metrics and reports are read from here and nowhere else. */
export class Counters {
  /** How long operations took, from their start to their answer, where a plugin of a server counts them. */
  readonly operations = new Histogram();
  /** Of reads of a store that is not in this process: those of one tick are one. */
  readonly storeRoundTrips = new Histogram();
  readonly #fields = new Map<string, LiveCounters>();

  /** Begins to measure an operation; what it returns ends that. */
  timeOperation(): () => void {
    const timed = new Timed(this.operations);
    return () => timed.end();
  }

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

  /** How long things took; a copy, safe to keep. */
  times(): CacheTimes {
    const fields = Array.from(
      this.#fields,
      ([coordinate, { times }]): [string, CacheTimes['fields'][string]] => [
        coordinate,
        {
          hits: timesTaken(times.hits),
          loads: timesTaken(times.loads),
          storeReads: timesTaken(times.storeReads),
        },
      ],
    );
    return {
      fields: Object.fromEntries(fields),
      operations: timesTaken(this.operations),
      storeRoundTrips: timesTaken(this.storeRoundTrips),
    };
  }

  /** A copy, safe to keep. */
  snapshot(): Readonly<Record<string, Readonly<FieldCounters>>> {
    return Object.fromEntries(
      Array.from(this.#fields, ([coordinate, counters]) => [coordinate, numbersOf(counters)]),
    );
  }
}
