import type { FieldCounters } from '../metrics/field-counters.js';
import {
  Trace,
  type Outcome,
  type ReadEntry,
  type ReadLoad,
  type ReadPlace,
  type ReadsNoted,
  type ResponsePath,
  type TraceRecord,
} from '../metrics/trace.js';
import { rowOf } from '../store/store.js';
import { isReadPlainly } from './read-plainly.js';

/** The hits of one field in an answer, to be counted again whenever the answer is given. */
export interface CountedHits {
  readonly counters: FieldCounters;
  hits: number;
  savedMs: number;
  /** Those among them that were loads, and how long these took: hits for all who come later. */
  loads: number;
  loadMs: number;
}

/** As long as what an answer was made of holds: until it is over, or one of its tags is invalidated. */
export interface Freshness {
  /** Every row and tag of the entries. */
  readonly tags: readonly string[];
  /** The first end of them; from then on reads have them refreshed. */
  readonly untilMs: number;
}

/** What an answer was made of. */
export interface Recorded extends Freshness {
  readonly hits: readonly CountedHits[];
  /** What is to be done again whenever the answer is given. */
  readonly repeats: readonly (() => void)[];
}

/** What an answer will have been made of, once all of this has ended with `stored`. */
export interface Awaited extends Recorded {
  readonly fills: readonly unknown[];
}

export interface RecordingOptions {
  readonly countersOf: (coordinate: string) => FieldCounters;
  /** Told when a read begins, as long as the answer may be made of nothing but fresh entries. */
  readonly onRead?: () => void;
  /** Told when it is not. */
  readonly onLost?: () => void;
}

/** Of reads that found nothing, and were answered by a load. */
const LOADED: ReadonlySet<Outcome> = new Set(['MISS', 'JOINED', 'WAITED']);

/**
 * Notes what one execution reads, and whether its answer is made of nothing but fresh entries. What it loaded is one as soon as it is
 * stored: that was refused if anything of it was invalidated since its generations were read, which was after this began.
 */
export class Recording extends Trace {
  override readonly reads: ReadsNoted;
  readonly #options: RecordingOptions;
  readonly #tags = new Set<string>();
  readonly #values: unknown[] = [];
  readonly #hits = new Map<string, CountedHits>();
  readonly #repeats: (() => void)[] = [];
  readonly #fills: unknown[] = [];
  #untilMs = Infinity;
  #loads = 0;
  /** Reads that found nothing, and have not been answered yet. */
  #missing = 0;
  #isWhole = true;

  constructor(options: RecordingOptions) {
    super();
    this.#options = options;
    this.reads = {
      begin: (places) => this.#begin(places),
      note: (found, untilMs) => this.#note(found, untilMs),
      noteLoad: (load) => this.#noteLoad(load),
    };
  }

  /** Of all reads that have begun so far. */
  tags(): readonly string[] {
    return [...this.#tags];
  }

  /** The first end of what was found so far. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Undefined where anything but fresh entries had a part in the answer; `read` are the names that GraphQL reads of them. */
  recordedFor(read: ReadonlySet<string>): Recorded | undefined {
    return this.#loads === 0 ? this.awaitedFor(read) : undefined;
  }

  /** The same where loads may have had a part in it as well, of which the fills have to end. */
  awaitedFor(read: ReadonlySet<string>): Awaited | undefined {
    if (!this.#isWhole || this.#missing !== 0 || this.#hits.size === 0 || this.#values.length === 0)
      return undefined;
    if (!this.#values.every((value) => isReadPlainly(value, read))) return undefined;
    return {
      fills: this.#fills,
      tags: [...this.#tags],
      untilMs: this.#untilMs,
      hits: [...this.#hits.values()],
      repeats: this.#repeats,
    };
  }

  override onEachRead(note: () => void): void {
    this.#repeats.push(note);
  }

  /** An answer that is kept would not be dropped by what was read since. */
  override onReplaced(): void {
    this.#lose();
  }

  override record(
    _path: ResponsePath,
    { coordinate, outcome, loadMs = 0, savedMs = loadMs }: Omit<TraceRecord, 'path'>,
  ): void {
    const isLoad = LOADED.has(outcome);
    if (outcome !== 'HIT' && !isLoad) {
      this.#lose();
      return;
    }
    let counted = this.#hits.get(coordinate);
    if (counted === undefined) {
      const counters = this.#options.countersOf(coordinate);
      counted = { counters, hits: 0, savedMs: 0, loads: 0, loadMs: 0 };
      this.#hits.set(coordinate, counted);
    }
    counted.hits += 1;
    counted.savedMs += savedMs;
    if (!isLoad) return;
    counted.loads += 1;
    counted.loadMs += savedMs;
  }

  /** It follows from an entry that is noted. */
  override recordNull(): void {
    return;
  }

  #begin(places: readonly ReadPlace[]): void {
    for (const place of places) {
      this.#tags.add(rowOf(place));
      for (const tag of place.tags) this.#tags.add(tag);
    }
    if (this.#isWhole) this.#options.onRead?.();
  }

  #lose(): void {
    this.#isWhole = false;
    this.#options.onLost?.();
  }

  #note(found: ReadEntry | undefined, untilMs: number): void {
    // What is due is refreshed by the read of it, and the next answer may be newer.
    if (found !== undefined && (found.staleForMs !== 0 || found.isDue)) {
      this.#lose();
      return;
    }
    if (found === undefined) this.#missing += 1;
    else this.#madeOf(found.value, untilMs);
  }

  #noteLoad({ value, keptUntilMs, filled }: ReadLoad): void {
    if (keptUntilMs === undefined) {
      this.#lose();
      return;
    }
    this.#missing -= 1;
    this.#loads += 1;
    if (filled !== undefined) this.#fills.push(filled);
    this.#madeOf(value, keptUntilMs);
  }

  #madeOf(value: unknown, untilMs: number): void {
    this.#values.push(value);
    this.#untilMs = Math.min(this.#untilMs, untilMs);
  }
}
