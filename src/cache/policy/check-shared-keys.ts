import { canMeet } from '../keys/can-meet.js';
import { skeletonOf, type Template } from '../keys/template.js';

/** What the check compares; default keys cannot be shared and have no use of this kind. */
export interface KeyUse {
  readonly coordinate: string;
  readonly key: Template;
  readonly typeText: string;
  readonly scope: string;
  readonly ttl: number;
  readonly tags: string;
  readonly vary: string;
}

/** What fields that share a key must agree on, and what a sentence calls it. */
const AGREE: readonly {
  readonly on: 'typeText' | 'scope' | 'ttl' | 'tags' | 'vary';
  readonly name: string;
}[] = [
  { on: 'typeText', name: 'type' },
  { on: 'scope', name: 'scope' },
  { on: 'ttl', name: 'ttl' },
  { on: 'tags', name: 'tags' },
  { on: 'vary', name: 'vary' },
];

/** Faults of fields that name the same keys: a field that reads an entry must mean the same by it as the field that stored it. */
export function checkSharedKeys(uses: readonly KeyUse[]): string[] {
  return uses.flatMap((use, index) =>
    uses
      .slice(0, index)
      .filter((earlier) => canMeet(earlier.key, use.key))
      .flatMap((earlier) => disagreements(use, earlier)),
  );
}

function disagreements(use: KeyUse, other: KeyUse): string[] {
  const key = skeletonOf(use.key);
  const shared =
    key === skeletonOf(other.key)
      ? `shares the key "${key}" with ${other.coordinate}`
      : `its key "${key}" can be one of ${other.coordinate}, "${skeletonOf(other.key)}"`;
  return AGREE.flatMap(({ on, name }) => {
    if (use[on] === other[on]) return [];
    const values = `${use[on] || 'none'} and ${other[on] || 'none'}`;
    return [
      `@cached on ${use.coordinate}: ${shared}, but their ${name} differs (${values}); ` +
        'make them equal, or give one of them another key',
    ];
  });
}
