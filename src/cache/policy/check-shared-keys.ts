import type { KeyUse } from './compile-read-policy.js';

/** What fields that share a key must agree on, and what a sentence calls it. */
const AGREE: readonly { readonly on: 'typeText' | 'scope' | 'ttl' | 'tags'; readonly name: string }[] = [
  { on: 'typeText', name: 'type' },
  { on: 'scope', name: 'scope' },
  { on: 'ttl', name: 'ttl' },
  { on: 'tags', name: 'tags' },
];

/** Faults of fields that name the same keys: whoever reads an entry must mean the same by it as whoever stored it. */
export function checkSharedKeys(uses: readonly KeyUse[]): string[] {
  const first = new Map<string, KeyUse>();
  const faults: string[] = [];
  for (const use of uses) {
    const other = first.get(use.skeleton);
    if (other === undefined) {
      first.set(use.skeleton, use);
      continue;
    }
    for (const { on, name } of AGREE) {
      if (use[on] === other[on]) continue;
      faults.push(
        `@cached on ${use.coordinate}: shares the key "${use.skeleton}" with ${other.coordinate}, but their ${name} differs ` +
          `(${use[on] || 'none'} and ${other[on] || 'none'}); make them equal, or give one of them another key`,
      );
    }
  }
  return faults;
}
