import type { ReadPolicy } from './read-policy.js';
import type { WritePolicy } from './write-policy.js';

/** What is switched off: every read, or those of these coordinates. */
export type SwitchedOff = 'all' | readonly string[];

/**
 * The policies with some of them switched off: such a read goes past the cache, without asking the store for anything, and
 * such a write only commits. Invalidations stay on, so that switching on again is safe. The faults name coordinates that are not cached at all.
 */
export function switchOff(
  { reads, writes }: { reads: ReadonlyMap<string, ReadPolicy>; writes: ReadonlyMap<string, WritePolicy> },
  disabled: SwitchedOff,
): {
  reads: ReadonlyMap<string, ReadPolicy>;
  isOff: (coordinate: string) => boolean;
  faults: readonly string[];
} {
  const isOff = (coordinate: string): boolean => disabled === 'all' || disabled.includes(coordinate);
  const isKnown = (coordinate: string): boolean => reads.has(coordinate) || writes.has(coordinate);
  const unknown = disabled === 'all' ? [] : disabled.filter((coordinate) => !isKnown(coordinate));
  const known = [...reads.keys(), ...writes.keys()].sort().join(', ');
  return {
    isOff,
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
