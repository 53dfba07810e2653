/** Buckets, and what each remembers: things that share a bucket do not push each other out before they are this many. */
const BUCKETS = 16_384;
const WAYS = 4;

/**
 * Tells what was seen before, of the last some thousand things: what a client sends once is not worth keeping. Bounded whatever
 * is sent; what is pushed out of a full bucket is seen for the first time once more, and of two things with the same hash one is
 * taken for the other.
 */
export class SecondSight {
  /** In each bucket the latest comes first. */
  readonly #seen = new Uint32Array(BUCKETS * WAYS);

  /** Whether it was seen before; from now on it was. */
  isSecond(text: string): boolean {
    const hash = fnv1a(text);
    const first = (hash % BUCKETS) * WAYS;
    for (let place = first; place < first + WAYS; place += 1) if (this.#seen[place] === hash) return true;
    this.#seen.copyWithin(first + 1, first, first + WAYS - 1);
    this.#seen[first] = hash;
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
