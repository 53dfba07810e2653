import type { WorkloadName } from './workloads.js';

/** One server under one workload for a second or so. */
export interface Slice {
  readonly round: number;
  readonly server: string;
  readonly workload: WorkloadName;
  readonly requestsPerSecond: number;
  /** Microseconds of the server process's CPU for one request, all its threads together. */
  readonly cpuPerRequestUs: number;
  /** Microseconds of Redis's CPU for each entry that Redis gave out; undefined where it gave out none. */
  readonly redisPerEntryReadUs: number | undefined;
  /** The same for each entry that a request asked for: many requests share what is read once. */
  readonly redisPerEntryAskedUs: number;
  readonly loads: number;
}

/** What the slices of one server and workload come to, the first round left out. */
export interface Result {
  readonly server: string;
  readonly workload: WorkloadName;
  readonly requestsPerSecond: number;
  readonly cpuPerRequestUs: number;
  /** Medians of the ratios to the reference in the same round, above 1 where better than the reference. */
  readonly speedRatio: number;
  readonly cpuRatio: number;
  readonly redisPerEntryReadUs: number | undefined;
  readonly redisPerEntryAskedUs: number;
  readonly loads: number;
}

export function resultsOf(slices: readonly Slice[], reference: string): readonly Result[] {
  const counted = slices.filter(({ round }) => round > 0);
  const nameOf = ({ server, workload }: Slice): string => `${server} ${workload}`;
  const names = [...new Set(counted.map(nameOf))];
  return names.map((name) => {
    const group = counted.filter((slice) => nameOf(slice) === name);
    return resultOf(group, counted, reference);
  });
}

function resultOf(group: readonly Slice[], all: readonly Slice[], reference: string): Result {
  const [first] = group;
  if (first === undefined) throw new Error('there must be a slice');
  const { server, workload } = first;
  const paired = group.flatMap((slice) => {
    const other = all.find(
      (base) => base.server === reference && base.workload === workload && base.round === slice.round,
    );
    return other === undefined ? [] : [{ slice, other }];
  });
  return {
    server,
    workload,
    requestsPerSecond: median(group.map((slice) => slice.requestsPerSecond)),
    cpuPerRequestUs: median(group.map((slice) => slice.cpuPerRequestUs)),
    speedRatio: median(paired.map(({ slice, other }) => slice.requestsPerSecond / other.requestsPerSecond)),
    cpuRatio: median(paired.map(({ slice, other }) => other.cpuPerRequestUs / slice.cpuPerRequestUs)),
    redisPerEntryReadUs: medianOrNothing(group.flatMap((slice) => slice.redisPerEntryReadUs ?? [])),
    redisPerEntryAskedUs: median(group.map((slice) => slice.redisPerEntryAskedUs)),
    loads: group.reduce((sum, { loads }) => sum + loads, 0),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

function medianOrNothing(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : median(values);
}
