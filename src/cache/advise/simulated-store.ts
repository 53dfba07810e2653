import { BoundedMap, type Bounds } from '../store/bounded-map.js';

/** An entry without its value. */
export interface SimulatedEntry {
  readonly loadedAtMs: number;
  readonly freshForMs: number;
  readonly loadMs: number;
  /** Its own row and what else it depends on, and their generations before its load began. */
  readonly tags: readonly number[];
  readonly generations: readonly number[];
}

/** Sizes in the memory store: an array of bytes with a buffer of its own, besides its length; the text of a generation. */
const BUFFER_BYTES = 200;
const GENERATION_BYTES = 56;
/** About the key of a generation, of which the recording has the number only. */
const TAG_BYTES = 30;
/** The parts of its bytes that generations and decoded values may have there, and the least for generations. */
const PART = 1 / 4;
const FEWEST_GENERATION_BYTES = 16_384;
const GENERATIONS_PER_ENTRY = 4;

/** The memory store with entries that hold nothing: what is invalidated is not found, what has no room leaves. */
export class SimulatedStore {
  readonly #entries: BoundedMap<SimulatedEntry>;
  readonly #generations: BoundedMap<number>;
  #lastGeneration = 0;
  #mostBytes = 0;

  constructor(bounds: Bounds) {
    const { maxEntries, maxBytes, eviction } = bounds;
    this.#generations = new BoundedMap({
      maxEntries: maxEntries * GENERATIONS_PER_ENTRY,
      maxBytes: Math.max(FEWEST_GENERATION_BYTES, maxBytes * PART),
      eviction: eviction === 'lru' ? 'lru' : 's3-fifo',
    });
    // Decoded values take about as much as entries do.
    const heldBeside = (): number => this.#generations.bytes + Math.min(this.#entries.bytes, maxBytes * PART);
    this.#entries = new BoundedMap<SimulatedEntry>(bounds, undefined, heldBeside);
  }

  get evictions(): number {
    return this.#entries.evictions;
  }

  get mostBytes(): number {
    return this.#mostBytes;
  }

  /** As a reader finds it. */
  get(key: number, nowMs: number): SimulatedEntry | undefined {
    const entry = this.#entries.get(`${key}`, nowMs);
    return entry !== undefined && this.#isCurrent(entry) ? entry : undefined;
  }

  /** The same while it is fresh, without being a use. */
  peek(key: number, nowMs: number): SimulatedEntry | undefined {
    const entry = this.#entries.slotOf(`${key}`)?.value;
    const isFresh = entry !== undefined && nowMs < entry.loadedAtMs + entry.freshForMs;
    return isFresh && this.#isCurrent(entry) ? entry : undefined;
  }

  /** The generations under which a load begins, made where they are missing. */
  acquire(tags: readonly number[], owner: string): readonly number[] {
    return tags.map((tag) => {
      const present = this.#generations.get(`${tag}`, 0);
      if (present !== undefined) return present;
      this.#lastGeneration += 1;
      const content = { value: this.#lastGeneration, valueBytes: GENERATION_BYTES + TAG_BYTES };
      this.#generations.set(`${tag}`, { ...content, expiresAtMs: Infinity, owner });
      return this.#lastGeneration;
    });
  }

  /** What was invalidated under its own row since its load began is not stored; what was under a tag is not found. */
  set(
    key: number,
    entry: SimulatedEntry,
    { bytes, keptUntilMs, owner }: { bytes: number; keptUntilMs: number; owner: string },
  ): void {
    if (!this.#isPresent(entry.tags[0], entry.generations[0])) return;
    const name = `${key}`;
    // Its key has been counted with its bytes.
    const valueBytes = Math.max(0, bytes - name.length * 2) + BUFFER_BYTES;
    this.#entries.set(name, { value: entry, valueBytes, expiresAtMs: keptUntilMs, owner });
    this.#mostBytes = Math.max(this.#mostBytes, this.#entries.bytes);
  }

  invalidate(tags: readonly number[]): void {
    for (const tag of tags) {
      this.#generations.delete(`${tag}`);
      this.#entries.delete(`${tag}`);
    }
  }

  #isCurrent({ tags, generations }: SimulatedEntry): boolean {
    return tags.every((tag, index) => this.#isPresent(tag, generations[index]));
  }

  #isPresent(tag: number | undefined, generation: number | undefined): boolean {
    return tag === undefined || this.#generations.get(`${tag}`, 0) === generation;
  }
}
