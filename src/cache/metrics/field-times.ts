import { Histogram } from './histogram.js';

/** The first so many are all measured, so that little traffic is seen too; of those that follow one in sixteen is. */
const ALL_OF_FIRST = 64;
const ONE_IN = 16;

/** A read whose time is measured. */
export class Timed {
  readonly #histogram: Histogram;
  readonly #startedAtMs = performance.now();

  constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  end(): void {
    this.#histogram.note(performance.now() - this.#startedAtMs);
  }
}

/** How long hits, loads and reads of the store took at one coordinate. What is not measured costs one addition. */
export class FieldTimes {
  /** Of fresh hits, from the call of the field on; of a sample. */
  readonly hits = new Histogram();
  /** Of all loads. */
  readonly loads = new Histogram();
  /** From asking the store to its answer, where it is not in this process; of a sample. */
  readonly storeReads = new Histogram();
  #calls = 0;
  #reads = 0;

  /** Of a call of the field; undefined where it is not measured. */
  beginCall(): Timed | undefined {
    this.#calls += 1;
    return isMeasured(this.#calls) ? new Timed(this.hits) : undefined;
  }

  /** Of one read of a store that is not in this process. */
  beginStoreRead(): Timed | undefined {
    this.#reads += 1;
    return isMeasured(this.#reads) ? new Timed(this.storeReads) : undefined;
  }
}

function isMeasured(count: number): boolean {
  return count <= ALL_OF_FIRST || count % ONE_IN === 0;
}
