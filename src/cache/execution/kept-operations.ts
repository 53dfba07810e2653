/** What takes memory until it leaves; it is made again when it comes again. */
export interface Keepable {
  /** Its place among those that are kept; undefined where it is not kept. */
  place: KeptPlace | undefined;
  /** Whether it was used since it was last looked at here. */
  isUsed: boolean;
  /** Forgets what was made. */
  clear(): void;
  /** It would not fit alone, now and later. */
  refuse(): void;
}

export interface KeptPlace {
  /** Weak, since an operation holds its schema and its document: they go with their last user, and take it with them. */
  readonly held: WeakRef<Keepable>;
  bytes: number;
}

/** What is kept of all schemas together, within its bytes. What was not used lately leaves first. */
export class KeptOperations {
  readonly #maxBytes: number;
  readonly #places = new Set<KeptPlace>();
  readonly #collected = new FinalizationRegistry<KeptPlace>((place) => this.#remove(place));
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#places.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Refuses what would not fit alone: nothing else leaves for it. */
  add(one: Keepable, bytes: number): void {
    if (one.place !== undefined) return;
    const place: KeptPlace = { held: new WeakRef(one), bytes: 0 };
    one.place = place;
    this.#places.add(place);
    this.#collected.register(one, place, place);
    this.grow(one, bytes);
  }

  grow(one: Keepable, bytes: number): void {
    const { place } = one;
    if (place === undefined) return;
    place.bytes += bytes;
    this.#bytes += bytes;
    if (place.bytes > this.#maxBytes) one.refuse();
    else this.#makeRoom(place);
  }

  drop(one: Keepable): void {
    if (one.place !== undefined) this.#remove(one.place);
    one.place = undefined;
    one.clear();
  }

  #makeRoom(newest: KeptPlace): void {
    for (const place of this.#places) {
      if (this.#bytes <= this.#maxBytes) return;
      if (place === newest) continue;
      const one = place.held.deref();
      if (one === undefined) this.#remove(place);
      else if (one.isUsed) {
        // A second chance, at the end of the line, where this loop comes to it once more.
        one.isUsed = false;
        this.#places.delete(place);
        this.#places.add(place);
      } else this.drop(one);
    }
  }

  #remove(place: KeptPlace): void {
    if (!this.#places.delete(place)) return;
    this.#collected.unregister(place);
    this.#bytes -= place.bytes;
  }
}
