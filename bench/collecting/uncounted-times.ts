import type { FieldTimes as Counted, Timed as Taken } from '../../src/cache/metrics/field-times.js';
import { Histogram } from '../../src/cache/metrics/histogram.js';

/** Stands in for the times that a cache takes: it takes none. */
export class Timed implements Pick<Taken, 'end'> {
  end(): void {
    // Nothing was measured.
  }
}

/** The same for the times of a field. */
export class FieldTimes implements Pick<Counted, keyof Counted> {
  readonly hits = new Histogram();
  readonly loads = new Histogram();
  readonly storeReads = new Histogram();

  beginCall(): undefined {
    return undefined;
  }

  beginStoreRead(): undefined {
    return undefined;
  }
}
