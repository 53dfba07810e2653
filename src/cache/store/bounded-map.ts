import {
  createEvictionOrder,
  evictions,
  type Evictable,
  type Eviction,
  type EvictionOrder,
} from './eviction.js';

export interface Bounds {
  /** Most entries kept; > 0. */
  readonly maxEntries: number;
  /** Most bytes kept, keys included; > 0. */
  readonly maxBytes: number;
  readonly eviction: Eviction;
}

/** The names of all bounds. */
export const boundsOptions = {
  maxEntries: true,
  maxBytes: true,
  eviction: true,
} satisfies Record<keyof Bounds, true>;

/** What is wrong with bounds, each as a sentence; what is not given is not looked at. */
export function boundsFaults({ maxEntries, maxBytes, eviction }: Partial<Bounds>, group?: string): string[] {
  const full = (name: string): string => (group === undefined ? name : `${group}.${name}`);
  const faults = Object.entries({ maxEntries, maxBytes }).flatMap(([name, bound]) =>
    bound === undefined || (Number.isSafeInteger(bound) && bound > 0)
      ? []
      : [`${full(name)} must be a positive whole number, but got ${bound}`],
  );
  if (eviction === undefined || evictions.includes(eviction)) return faults;
  const words = evictions.join(', ');
  return [...faults, `${full('eviction')} must be one of ${words}, but got ${JSON.stringify(eviction)}`];
}

/** The place of a value in one map: who remembers it finds the value again without a look-up. */
class Slot<T> implements Evictable {
  readonly key: string;
  readonly owner: BoundedMap<T>;
  /** Undefined once it was removed. */
  value: T | undefined;
  readonly bytes: number;
  /** Milliseconds since the map's first entry: small integers, which need no object of their own. */
  readonly expiresAtMs: number;
  older: Evictable | undefined = undefined;
  newer: Evictable | undefined = undefined;
  movedAt = 0;

  constructor(
    owner: BoundedMap<T>,
    { key, value, bytes, expiresAtMs }: { key: string; value: T; bytes: number; expiresAtMs: number },
  ) {
    this.owner = owner;
    this.key = key;
    this.value = value;
    this.bytes = bytes;
    this.expiresAtMs = expiresAtMs;
  }
}

export type { Slot };

/** What one JavaScript object of bookkeeping costs, roughly; keeps `maxBytes` honest for small values. */
const OVERHEAD_BYTES = 200;

/** A map bounded by entries and by bytes, whose entries expire. What is evicted is told to `onRemoved`. */
export class BoundedMap<T> {
  readonly #slots = new Map<string, Slot<T>>();
  readonly #order: EvictionOrder;
  readonly #bounds: Bounds;
  readonly #onRemoved: ((key: string, value: T) => void) | undefined;
  /** Where the time of its slots begins. */
  #startMs: number | undefined;
  #bytes = 0;
  #evictions = 0;

  constructor(bounds: Bounds, onRemoved?: (key: string, value: T) => void) {
    this.#bounds = bounds;
    this.#order = createEvictionOrder(bounds.eviction);
    this.#onRemoved = onRemoved;
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get evictions(): number {
    return this.#evictions;
  }

  /** The value, unless it is absent or has expired. */
  get(key: string, nowMs: number): T | undefined {
    const slot = this.#slots.get(key);
    return slot && this.valueIn(slot, nowMs);
  }

  /** Where a value is kept, if there is one; it may have expired. */
  slotOf(key: string): Slot<T> | undefined {
    return this.#slots.get(key);
  }

  /** True for the place of a value of this map that has not been removed. */
  holds(slot: unknown): slot is Slot<T> {
    return slot instanceof Slot && slot.owner === this && slot.value !== undefined;
  }

  /** As `get`, without a look-up. */
  valueIn(slot: Slot<T>, nowMs: number): T | undefined {
    if (slot.expiresAtMs <= nowMs - (this.#startMs ?? 0)) {
      this.delete(slot.key);
      return undefined;
    }
    this.#order.used(slot);
    return slot.value;
  }

  /** Puts a value of `valueBytes`; false when it alone exceeds the bounds. */
  set(key: string, entry: { value: T; valueBytes: number; expiresAtMs: number }): boolean {
    this.delete(key);
    const bytes = entry.valueBytes + key.length * 2 + OVERHEAD_BYTES;
    if (bytes > this.#bounds.maxBytes) return false;
    this.#makeRoom(bytes);
    this.#startMs ??= entry.expiresAtMs;
    const expiresAtMs = entry.expiresAtMs - this.#startMs;
    const slot = new Slot(this, { key, value: entry.value, bytes, expiresAtMs });
    this.#slots.set(key, slot);
    this.#order.added(slot);
    this.#bytes += bytes;
    return true;
  }

  delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#order.removed(slot);
    this.#bytes -= slot.bytes;
    const { value } = slot;
    slot.value = undefined;
    if (value !== undefined) this.#onRemoved?.(key, value);
  }

  clear(): void {
    for (const key of [...this.#slots.keys()]) this.delete(key);
  }

  #makeRoom(bytes: number): void {
    while (this.#slots.size >= this.#bounds.maxEntries || this.#bytes + bytes > this.#bounds.maxBytes) {
      const key = this.#order.next();
      if (key === undefined) return;
      this.#evictions += 1;
      this.delete(key);
    }
  }
}
