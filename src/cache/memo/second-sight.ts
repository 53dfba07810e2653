const PLACES = 65_536;

/**
 * Tells what was seen before, of the last some thousand things: what a client sends once is not worth keeping. Bounded whatever
 * is sent; where two things share a place, one of them is seen for the first time once more, or taken for the other.
 */
export class SecondSight {
  readonly #seen = new Uint32Array(PLACES);

  /** Whether it was seen before; from now on it was. */
  isSecond(text: string): boolean {
    const hash = fnv1a(text);
    const place = hash % PLACES;
    if (this.#seen[place] === hash) return true;
    this.#seen[place] = hash;
    return false;
  }
}

/** FNV-1a, 32 bits, over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/); 0 stands for an empty place. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0 || 1;
}
