import type { CallOff } from '../time/clock.js';

/** What became of one read or write of a cached field. */
export type Outcome =
  | 'HIT'
  | 'STALE'
  | 'MISS'
  | 'JOINED'
  | 'WAITED'
  | 'REFRESHED'
  | 'PENDING'
  | 'BYPASS'
  | 'STALE_ON_ERROR'
  | 'WRITTEN'
  | 'QUEUED'
  | 'INVALIDATED';

/** A place in the answer, as GraphQL builds it: from the leaf up. */
export interface ResponsePath {
  readonly prev: ResponsePath | undefined;
  readonly key: string | number;
}

export interface TraceRecord {
  readonly path: readonly (string | number)[];
  readonly coordinate: string;
  readonly pattern: string;
  readonly key: string | undefined;
  readonly outcome: Outcome;
  /** Why a read went past the cache; only for BYPASS. */
  readonly reason?: string;
  /** What answered: `local`, `memory`, `redis` or `origin`. */
  readonly tier?: string;
  readonly ageMs?: number;
  /** How long the load took: the one just made, or the one that made the entry. */
  readonly loadMs?: number;
  /** The load that a hit made unnecessary. */
  readonly savedMs?: number;
}

export interface TraceReport {
  readonly summary: {
    readonly hits: number;
    readonly misses: number;
    readonly loads: number;
    readonly storeRoundTrips: number;
    readonly savedMs: number;
  };
  readonly fields: readonly TraceRecord[];
}

const HITS: ReadonlySet<Outcome> = new Set(['HIT', 'STALE', 'STALE_ON_ERROR', 'PENDING']);
const MISSES: ReadonlySet<Outcome> = new Set(['MISS', 'JOINED', 'WAITED', 'REFRESHED']);

/** Told of each entry that a request reads, and what was found there. */
export interface ReadsNoted {
  /** Told before it is looked whether they are there. */
  begin(addresses: readonly ReadPlace[]): void;
  note(found: ReadEntry | undefined, untilMs: number): void;
  /** Told of what was loaded in place of one that was not found. */
  noteLoad(load: ReadLoad): void;
}

/** As much of a load as says whether its value is an entry by now. */
export interface ReadLoad {
  readonly value: unknown;
  /** Until when what is made of it may be kept; undefined where it is no entry, or is about to end. */
  readonly keptUntilMs?: number | undefined;
  /** Ends when the fill has, with `stored` where the entry is there; undefined where it was there before. */
  readonly filled: unknown;
}

/** Where an entry is: its key, its row where that is another one, and its tags. */
export interface ReadPlace {
  readonly key: string;
  readonly row?: string | undefined;
  readonly tags: readonly string[];
}

/** As much of an entry as says whether it was fresh. */
export interface ReadEntry {
  readonly value: unknown;
  readonly staleForMs: number;
  readonly isDue: boolean;
}

/** The evidence of one request. It exists only where it was asked for. */
export class Trace {
  /** Told of the entries that are read, where they are of interest. */
  readonly reads: ReadsNoted | undefined = undefined;
  /** Where the request wants fresh values: when it began. Entries that were loaded before do not answer it. */
  freshSinceMs: number | undefined = undefined;
  /** Calls of resolvers and origins; one call of an origin may load many keys. */
  loads = 0;
  storeRoundTrips = 0;
  readonly #records: TraceRecord[] = [];

  /** From now on the request is answered with what was loaded since. */
  wantFresh(nowMs: number): void {
    this.freshSinceMs = nowMs;
  }

  /** Told what else counts a read that is under way: it is to be counted again where the read is not made again. */
  onEachRead(_note: () => void): void {
    return;
  }

  /** Told that another trace follows the context from now on: what is read in it is told to that one. */
  onReplaced(): void {
    return;
  }

  record(path: ResponsePath, record: Omit<TraceRecord, 'path'>, element?: number): void {
    this.#records.push({ path: pathOf(path, element), ...record });
  }

  /** The same for a null that what was read before it says already. */
  recordNull(path: ResponsePath, record: Omit<TraceRecord, 'path'>, element?: number): void {
    this.record(path, record, element);
  }

  report(): TraceReport {
    const records = this.#records;
    return {
      summary: {
        hits: records.filter(({ outcome }) => HITS.has(outcome)).length,
        misses: records.filter(({ outcome }) => MISSES.has(outcome)).length,
        loads: this.loads,
        storeRoundTrips: this.storeRoundTrips,
        savedMs: records.reduce((sum, { savedMs = 0 }) => sum + savedMs, 0),
      },
      fields: records,
    };
  }
}

function pathOf(leaf: ResponsePath, element: number | undefined): readonly (string | number)[] {
  const path: (string | number)[] = element === undefined ? [] : [element];
  for (let place: ResponsePath | undefined = leaf; place !== undefined; place = place.prev)
    path.push(place.key);
  return path.reverse();
}

/** The traces of requests under way, by their context value. Costs one comparison while none is traced. */
export class Traces {
  readonly #byContext = new WeakMap<object, Trace>();
  #started = false;
  #followed = 0;

  start(context: object): Trace {
    const trace = new Trace();
    this.#replace(context, trace);
    this.#started = true;
    return trace;
  }

  /** Has what happens in a request told to this trace, until it is called off. */
  follow(context: object, trace: Trace): CallOff {
    this.#replace(context, trace);
    this.#followed += 1;
    let isFollowed = true;
    return () => {
      if (!isFollowed) return;
      isFollowed = false;
      this.#followed -= 1;
      if (this.#byContext.get(context) === trace) this.#byContext.delete(context);
    };
  }

  of(context: unknown): Trace | undefined {
    if (!this.#started && this.#followed === 0) return undefined;
    if (typeof context !== 'object' || context === null) return undefined;
    return this.#byContext.get(context);
  }

  /** A server may give several requests at a time the same context. */
  #replace(context: object, trace: Trace): void {
    this.#byContext.get(context)?.onReplaced();
    this.#byContext.set(context, trace);
  }
}
