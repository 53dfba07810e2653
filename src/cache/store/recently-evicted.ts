import { RecentKeys } from './recent-keys.js';

const FEWEST = 64;
/** Four bytes each. */
const MOST = 131_072;

/**
 * Remembers which keys were evicted lately: about as many as there are entries. Keys that meet by chance are no harm: a newcomer
 * is then taken for one that was there before.
 */
export class RecentlyEvicted {
  readonly #entries: () => number;
  #keys: RecentKeys | undefined;

  constructor(entries: () => number) {
    this.#entries = entries;
  }

  add(key: string): void {
    const entries = this.#entries();
    const places = this.#keys?.places ?? 0;
    const mustGrow = places < MOST && entries > places;
    if (mustGrow || places > 8 * Math.max(FEWEST, entries)) this.#keys = undefined;
    this.#keys ??= new RecentKeys(placesFor(entries));
    this.#keys.add(key);
  }

  /** Whether the key is among them; it is then no more. */
  takeBack(key: string): boolean {
    return this.#keys?.takeBack(key) ?? false;
  }

  clear(): void {
    this.#keys = undefined;
  }
}

function placesFor(entries: number): number {
  let places = FEWEST;
  while (places < entries && places < MOST) places *= 2;
  return places;
}
