import type { Slice } from '../overhead/slices.js';
import { median } from '../overhead/slices.js';
import { quantile } from './quiet.js';

/** The worse of the two ratios to the reference in each round, the first round left out: median and quartiles. */
export interface Ratio {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** How a server does beside the reference under one workload; the worse of requests/s and CPU counts in each round. */
export function worseRatioOf(slices: readonly Slice[], server: string, workload: string): Ratio {
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
  return { median: median(ratios), lower: quantile(ratios, 0.25), upper: quantile(ratios, 0.75) };
}
