import { tooLongFaults } from '../time/timer-limit.js';
import { refuseFaults } from '../unknown-options.js';
import { withDefaults } from '../with-defaults.js';

/** Bounds of what PREFETCH does before a client asks. */
export interface PrefetchBounds {
  /** Most argument sets of a field's warm list; what is beyond is left out, and told once; default 100. */
  readonly warmSets: number;
  /** Argument sets kept warm because they are asked for most lately; 0 for none; default 20. */
  readonly mostAsked: number;
  /** Loads of one process a second; default 20. */
  readonly loadsPerSecond: number;
  /** Loads of one field at the same time; default 4. */
  readonly atOnce: number;
  /** Milliseconds after which `warmedUp()` is waited for no longer; default 10,000. */
  readonly warmUpWithinMs: number;
}

/** The names of all bounds of PREFETCH. */
export const prefetchOptions = {
  warmSets: true,
  mostAsked: true,
  loadsPerSecond: true,
  atOnce: true,
  warmUpWithinMs: true,
} satisfies Record<keyof PrefetchBounds, true>;

const defaults: PrefetchBounds = {
  warmSets: 100,
  mostAsked: 20,
  loadsPerSecond: 20,
  atOnce: 4,
  warmUpWithinMs: 10_000,
};

/** @throws CacheError naming every bound that cannot be. */
export function checkedPrefetch(given: Partial<PrefetchBounds> = {}): PrefetchBounds {
  const bounds = withDefaults(defaults, given);
  const faults = Object.entries(bounds)
    .filter(([name, bound]) => !Number.isSafeInteger(bound) || bound < (name === 'mostAsked' ? 0 : 1))
    .map(([name, bound]) => `prefetch.${name} must be a positive whole number, but got ${bound}`);
  const { warmUpWithinMs } = bounds;
  faults.push(...tooLongFaults({ 'prefetch.warmUpWithinMs': warmUpWithinMs }));
  refuseFaults('createCache', faults);
  return bounds;
}
