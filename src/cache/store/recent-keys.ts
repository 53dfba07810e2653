import { randomInt } from 'node:crypto';

/** Places among which a key has one: where more keys than this share theirs, the one that came first is forgotten. */
const WAYS = 4;

/**
 * The latest of some keys, as hashes of four bytes in a table of a fixed size, where later ones push earlier ones out. The hashes
 * differ in each process, so that a client cannot make keys that meet; of keys that meet by chance one is taken for the other.
 */
export class RecentKeys {
  /** How many are remembered at most; a power of two, 4 at least. */
  readonly places: number;
  readonly #seed = randomInt(2 ** 31);
  /** Among its places the latest comes first. */
  readonly #table: Uint32Array;

  constructor(places: number) {
    this.places = places;
    this.#table = new Uint32Array(places);
  }

  /** True where it is there already. */
  add(key: string): boolean {
    const hash = this.#hashOf(key);
    const first = this.#firstPlaceOf(hash);
    if (this.#placeOf(hash, first) !== undefined) return true;
    this.#table.copyWithin(first + 1, first, first + WAYS - 1);
    this.#table[first] = hash;
    return false;
  }

  has(key: string): boolean {
    const hash = this.#hashOf(key);
    return this.#placeOf(hash, this.#firstPlaceOf(hash)) !== undefined;
  }

  /** Whether the key is there; it is then no more. */
  takeBack(key: string): boolean {
    const hash = this.#hashOf(key);
    const place = this.#placeOf(hash, this.#firstPlaceOf(hash));
    if (place === undefined) return false;
    this.#table[place] = 0;
    return true;
  }

  #placeOf(hash: number, first: number): number | undefined {
    for (let place = first; place < first + WAYS; place += 1) if (this.#table[place] === hash) return place;
    return undefined;
  }

  #firstPlaceOf(hash: number): number {
    return hash & (this.places - 1) & -WAYS;
  }

  /** FNV-1a with a seed, and mixed, since the lowest bits choose the place; never 0, which is an empty one. */
  #hashOf(key: string): number {
    let hash = this.#seed;
    for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 12)) >>> 0 || 1;
  }
}
