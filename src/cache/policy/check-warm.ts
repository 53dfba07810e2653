import type { ReadPolicy } from '../patterns/read-policy.js';

/** Faults of warm lists that are for no field that is kept warm. */
export function checkWarm(reads: ReadonlyMap<string, ReadPolicy>, coordinates: readonly string[]): string[] {
  return coordinates.flatMap((coordinate) => {
    const pattern = reads.get(coordinate)?.pattern;
    if (pattern === 'PREFETCH') return [];
    const what = pattern === undefined ? 'is not cached' : `has pattern ${pattern}`;
    return [
      `warm: ${coordinate} ${what}; give it @cached(pattern: PREFETCH), or remove its list from the options`,
    ];
  });
}
