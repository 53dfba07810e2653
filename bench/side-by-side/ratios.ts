import type { Slice } from '../overhead/slices.js';
import { quartilesOf, type Quartiles } from '../published/spread.js';

/** How a server does beside the reference under one workload; the worse of requests/s and CPU counts in each round but the first. */
export function worseRatioOf(slices: readonly Slice[], server: string, workload: string): Quartiles {
  const counted = slices.filter((slice) => slice.round > 0 && slice.workload === workload);
  const ratios = counted
    .filter((slice) => slice.server === server)
    .flatMap((slice) => {
      const reference = counted.find((other) => other.server === 'constants' && other.round === slice.round);
      if (reference === undefined) return [];
      return Math.min(
        slice.requestsPerSecond / reference.requestsPerSecond,
        reference.cpuPerRequestUs / slice.cpuPerRequestUs,
      );
    });
  return quartilesOf(ratios);
}
