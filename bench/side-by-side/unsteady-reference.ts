import type { Slice } from '../overhead/slices.js';
import { unsteady } from '../published/quiet.js';

/** Reasons not to believe the figures: workloads under which constants differed from themselves; the first round does not count. */
export function unsteadyReference(slices: readonly Slice[]): readonly string[] {
  const own = slices.filter(({ server, round }) => server === 'constants' && round > 0);
  return [...new Set(own.map(({ workload }) => workload))].flatMap((workload) => {
    const group = own.filter((slice) => slice.workload === workload);
    const speeds = group.map(({ requestsPerSecond }) => requestsPerSecond);
    const cpu = group.map(({ cpuPerRequestUs }) => cpuPerRequestUs);
    return [
      ...unsteady(`requests per second of constants (${workload})`, speeds),
      ...unsteady(`CPU of constants (${workload})`, cpu),
    ];
  });
}
