import { percentileOf } from '../metrics/histogram.js';
import { countsOf, type Times } from '../metrics/tally.js';

/** Milliseconds within which half, 95 and 99 of a hundred were done; null where nothing was measured. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** How many reads ended how; the names are those of evidence. */
export interface OutcomeCounts {
  readonly HIT: number;
  readonly STALE: number;
  readonly STALE_ON_ERROR: number;
  readonly MISS: number;
  readonly JOINED: number;
  readonly WAITED: number;
  readonly REFRESHED: number;
  readonly BYPASS: number;
}

/** What was counted at one coordinate, or at all. */
export interface Figures {
  /** Reads of the field. */
  readonly requests: number;
  readonly outcomes: OutcomeCounts;
  /** Reads that were answered with an entry, of those that might be; null where there was none. */
  readonly hitRate: number | null;
  /** Fresh hits, of a sample. */
  readonly hitMs: Percentiles;
  readonly loadMs: Percentiles;
  /** Reads of a store that is not in this process, of a sample. */
  readonly storeMs: Percentiles;
  readonly loads: number;
  readonly failedLoads: number;
  /** Reads that needed no load of their own: hits, and those that joined or waited for the load of another. */
  readonly loadsAvoided: number;
  /** Milliseconds of loading that hits made unnecessary. */
  readonly savedMs: number;
  readonly stored: number;
  readonly storedBytes: number;
  readonly tooLarge: number;
}

/** Makes figures of what was counted. */
export function figuresOf(numbers: ReadonlyMap<string, number>): Figures {
  const of = (name: string): number => numbers.get(name) ?? 0;
  const outcomes: OutcomeCounts = {
    HIT: of('hits'),
    STALE: of('stale'),
    STALE_ON_ERROR: of('staleOnError'),
    MISS: of('misses'),
    JOINED: of('joined'),
    WAITED: of('waited'),
    REFRESHED: of('refreshed'),
    BYPASS: of('bypassed'),
  };
  const served = outcomes.HIT + outcomes.STALE + outcomes.STALE_ON_ERROR;
  const shared = outcomes.JOINED + outcomes.WAITED;
  const asked = served + shared + outcomes.MISS;
  return {
    requests: asked + outcomes.REFRESHED + outcomes.BYPASS,
    outcomes,
    hitRate: asked === 0 ? null : served / asked,
    hitMs: percentilesOf(numbers, 'hits'),
    loadMs: percentilesOf(numbers, 'loads'),
    storeMs: percentilesOf(numbers, 'storeReads'),
    loads: of('loads'),
    failedLoads: of('failedLoads'),
    loadsAvoided: served + shared,
    savedMs: Math.round(of('savedMs')),
    stored: of('stored'),
    storedBytes: of('storedBytes'),
    tooLarge: of('tooLarge'),
  };
}

export function percentilesOf(numbers: ReadonlyMap<string, number> | undefined, name: Times): Percentiles {
  const counts = countsOf(numbers, name);
  const within = (share: number): number | null => {
    const ms = percentileOf(counts, share);
    return ms === undefined ? null : Number(ms.toPrecision(3));
  };
  return { p50: within(0.5), p95: within(0.95), p99: within(0.99) };
}
