import type { ReadPolicy } from './read-policy.js';
import { warmVariantFault, type WarmVariants } from './warm-variants.js';

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

/** Faults of fields that vary and are kept warm: it must be said in which variants. */
export function checkWarmVariants(
  reads: ReadonlyMap<string, ReadPolicy>,
  given: WarmVariants | undefined,
): string[] {
  const varying = [...reads.values()].filter(
    ({ pattern, vary }) => pattern === 'PREFETCH' && vary.length > 0,
  );
  return varying.flatMap(({ coordinate, vary }) => {
    if (given === undefined) {
      const names = vary.map((name) => `${name}: …`).join(', ');
      return [
        `@cached on ${coordinate}: pattern PREFETCH loads before anyone asks, and the field varies by ${vary.join(', ')}; pass ` +
          `warmVariants: [{ ${names} }] to createCache, or name them in sameFor or not in vary`,
      ];
    }
    if (typeof given === 'function') return [];
    const fault = given
      .map((values) => warmVariantFault(values, { coordinate, vary }))
      .find((one) => one !== undefined);
    return fault === undefined ? [] : [fault];
  });
}
