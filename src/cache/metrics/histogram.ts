/** The steps of one decade, each a quarter above the one before (Renard's R10 series). */
const STEPS = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8] as const;
/** From a microsecond to a hundred seconds. */
const DECADES = [0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000] as const;

/** The upper edges of all buckets but the last, milliseconds; what is longer is in the last one, which has no edge. */
export const EDGES_MS: readonly number[] = Object.freeze([
  ...DECADES.flatMap((decade) => STEPS.map((step) => Number((decade * step).toPrecision(3)))),
  100_000,
]);

/** What a histogram has counted. */
export interface TimesTaken {
  /** How many were in each bucket; see `EDGES_MS`. */
  readonly counts: readonly number[];
  /** Milliseconds, of all together. */
  readonly sumMs: number;
}

/** How long things took, counted in buckets that are a quarter wide, so that a percentile is right within an eighth. */
export class Histogram implements TimesTaken {
  /** How many were in each bucket; the last is for what is longer than all edges. */
  readonly counts: number[] = new Array<number>(EDGES_MS.length + 1).fill(0);
  sumMs = 0;

  /** Counts one. Not for the hit path. */
  note(ms: number): void {
    const bucket = bucketOf(ms);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sumMs += ms;
  }
}

/** The place of the first edge that is not below it. */
function bucketOf(ms: number): number {
  let [from, to] = [0, EDGES_MS.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ms <= (EDGES_MS[middle] ?? Infinity)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/**
 * The time within which this share of all was done, milliseconds; undefined where there is none. Within its bucket it lies
 * as if all of the bucket were spread evenly.
 */
export function percentileOf(counts: readonly number[], share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = total * share;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = EDGES_MS[bucket - 1] ?? 0;
      const to = EDGES_MS[bucket] ?? from;
      return from + (to - from) * ((wanted - below) / count);
    }
    below += count;
  }
  return EDGES_MS.at(-1);
}

/** A copy, safe to keep. */
export function timesTaken({ counts, sumMs }: TimesTaken): TimesTaken {
  return { counts: [...counts], sumMs };
}
