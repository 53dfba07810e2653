import type { Clock } from '../time/clock.js';

/** What became of one read or write of a cached field. */
export type Outcome =
  | 'HIT'
  | 'STALE'
  | 'MISS'
  | 'JOINED'
  | 'WAITED'
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
const MISSES: ReadonlySet<Outcome> = new Set(['MISS', 'JOINED', 'WAITED']);

/** The evidence of one request. It exists only where it was asked for. */
export class Trace {
  /** Calls of resolvers and origins; one call of an origin may load many keys. */
  loads = 0;
  storeRoundTrips = 0;
  readonly #records: TraceRecord[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since then. */
  ageOf(sinceMs: number): number {
    return Math.max(0, this.#clock.nowMs() - sinceMs);
  }

  record(path: ResponsePath, record: Omit<TraceRecord, 'path'>, element?: number): void {
    this.#records.push({ path: pathOf(path, element), ...record });
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
  readonly #clock: Clock;
  #started = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(context: object): Trace {
    const trace = new Trace(this.#clock);
    this.#byContext.set(context, trace);
    this.#started = true;
    return trace;
  }

  of(context: unknown): Trace | undefined {
    if (!this.#started || typeof context !== 'object' || context === null) return undefined;
    return this.#byContext.get(context);
  }
}
