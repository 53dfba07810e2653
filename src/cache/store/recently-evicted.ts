import { randomInt } from 'node:crypto';

const FEWEST = 64;
/** Four bytes each. */
const MOST = 131_072;
/** Places among which a hash has one: where several keys share theirs, the one that was evicted longest ago is forgotten. */
const WAYS = 4;

/**
 * Remembers which keys were evicted lately: about as many as there are entries, as hashes in a table of a fixed size, where
 * later ones push earlier ones out. The hashes differ in each process, so that a client cannot make keys that meet; keys that meet
 * by chance are no harm, a newcomer is then taken for one that was there before.
 */
export class RecentlyEvicted {
  readonly #entries: () => number;
  readonly #seed = randomInt(2 ** 31);
  #table = new Uint32Array(0);

  constructor(entries: () => number) {
    this.#entries = entries;
  }

  add(key: string): void {
    const entries = this.#entries();
    const slots = this.#table.length;
    const mustGrow = slots < MOST && entries > slots;
    if (mustGrow || slots > 8 * Math.max(FEWEST, entries)) this.#table = new Uint32Array(slotsFor(entries));
    const hash = this.#hashOf(key);
    const first = this.#firstPlaceOf(hash);
    this.#table.copyWithin(first + 1, first, first + WAYS - 1);
    this.#table[first] = hash;
  }

  /** Whether the key is among them; it is then no more. */
  takeBack(key: string): boolean {
    if (this.#table.length === 0) return false;
    const hash = this.#hashOf(key);
    const first = this.#firstPlaceOf(hash);
    for (let place = first; place < first + WAYS; place += 1) {
      if (this.#table[place] !== hash) continue;
      this.#table[place] = 0;
      return true;
    }
    return false;
  }

  clear(): void {
    this.#table = new Uint32Array(0);
  }

  #firstPlaceOf(hash: number): number {
    return hash & (this.#table.length - 1) & -WAYS;
  }

  /** FNV-1a with a seed, and mixed, since the lowest bits choose the place; never 0. */
  #hashOf(key: string): number {
    let hash = this.#seed;
    for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 12)) >>> 0 || 1;
  }
}

function slotsFor(entries: number): number {
  let slots = FEWEST;
  while (slots < entries && slots < MOST) slots *= 2;
  return slots;
}
