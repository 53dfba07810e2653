import type { ReadPolicy } from '../patterns/read-policy.js';

/** What is switched off: every read, or those of these coordinates. */
export type SwitchedOff = 'all' | readonly string[];

/**
 * The policies with some of them switched off: such a read goes past the cache, without asking the store for anything.
 * Invalidations stay on, so that switching on again is safe. The faults name coordinates that are not cached at all.
 */
export function switchOff(
  reads: ReadonlyMap<string, ReadPolicy>,
  disabled: SwitchedOff,
): { reads: ReadonlyMap<string, ReadPolicy>; faults: readonly string[] } {
  const isOff = (coordinate: string): boolean => disabled === 'all' || disabled.includes(coordinate);
  const unknown = disabled === 'all' ? [] : disabled.filter((coordinate) => !reads.has(coordinate));
  const known = [...reads.keys()].sort().join(', ');
  return {
    reads: new Map(
      Array.from(reads, ([coordinate, policy]) => [
        coordinate,
        isOff(coordinate) ? withoutEntries(policy) : policy,
      ]),
    ),
    faults: unknown.map(
      (coordinate) =>
        `disabled: there is no @cached on ${coordinate}; what can be switched off is all, ${known}`,
    ),
  };
}

function withoutEntries(policy: ReadPolicy): ReadPolicy {
  return Object.freeze<ReadPolicy>({
    ...policy,
    locate: (inputs, element) => {
      const { reason, id } = policy.locate(inputs, element);
      return { reason: reason ?? 'switched off', id };
    },
  });
}
