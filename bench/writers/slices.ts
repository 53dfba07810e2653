import { percentile } from '../../test/support/load/percentile.js';
import { nameOf, type Setup } from './modes.js';
import type { WorkloadName } from './movies.js';

/** Writers of one database for some seconds. */
export interface Slice {
  readonly round: number;
  readonly setup: Setup;
  readonly workload: WorkloadName | 'idle' | 'paced';
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Milliseconds until a change was read, of every probe of every process. */
  readonly lagsMs: readonly number[];
}

export interface Result extends Omit<Slice, 'round' | 'lagsMs'> {
  /** Medians of the ratios to the reference in the same round: of the transactions a second, and of p99. */
  readonly speedRatio: number;
  readonly p99Ratio: number;
  readonly seenP50Ms: number | undefined;
  readonly seenP99Ms: number | undefined;
}

export function resultsOf(slices: readonly Slice[]): readonly Result[] {
  const kindOf = (slice: Slice): string => `${slice.workload} ${slice.connections} ${nameOf(slice.setup)}`;
  return [...new Set(slices.map(kindOf))].flatMap((kind) => {
    const group = slices.filter((slice) => kindOf(slice) === kind);
    const [first] = group;
    if (first === undefined) return [];
    const { setup, workload, connections } = first;
    const ratio = (of: (slice: Slice) => number): number =>
      median(
        group.flatMap((slice) => {
          const reference = slices.find(
            (other) =>
              other.setup.mode === 'none' &&
              other.round === slice.round &&
              other.workload === workload &&
              other.connections === connections,
          );
          return reference === undefined ? [] : [of(slice) / of(reference)];
        }),
      );
    const lagsMs = group.flatMap((slice) => slice.lagsMs);
    return [
      {
        ...{ setup, workload, connections },
        perSecond: median(group.map(({ perSecond }) => perSecond)),
        p50Ms: median(group.map(({ p50Ms }) => p50Ms)),
        p99Ms: median(group.map(({ p99Ms }) => p99Ms)),
        speedRatio: ratio(({ perSecond }) => perSecond),
        p99Ratio: ratio(({ p99Ms }) => p99Ms),
        seenP50Ms: lagsMs.length === 0 ? undefined : percentile(lagsMs, 0.5),
        seenP99Ms: lagsMs.length === 0 ? undefined : percentile(lagsMs, 0.99),
      },
    ];
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
