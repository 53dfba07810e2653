/** Draws that depend on the seed alone. */
export interface Random {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Those of the items that were drawn, in their order. */
  some<T>(items: readonly T[], probability: number): T[];
}

/** mulberry32: small, fast, and good enough to choose test cases. */
export function seededRandom(seed: number): Random {
  let state = hashOf(`${seed}`);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const chance = (probability: number): boolean => next() < probability;
  return {
    below,
    chance,
    pick: (items) => {
      const at = below(items.length);
      // A loop, since the item itself may be undefined.
      for (const item of items.slice(at, at + 1)) return item;
      throw new Error('there is nothing to pick from');
    },
    some: (items, probability) => items.filter(() => chance(probability)),
  };
}

/** A number below 2^32 that depends on every character: FNV-1a, mixed once more at the end. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 15)) >>> 0;
}
