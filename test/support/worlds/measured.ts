import type { Cache } from '../../../src/cache/index.js';

/** How many operations a cache has measured. */
export function measured({ stats }: Pick<Cache<never>, 'stats'>): number {
  return stats.times().operations.counts.reduce((sum, count) => sum + count, 0);
}
