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

interface Slot<T> extends Evictable {
  readonly value: T;
  readonly bytes: number;
}

/** What one JavaScript object of bookkeeping costs, roughly; keeps `maxBytes` honest for small values. */
const OVERHEAD_BYTES = 200;

/** A map bounded by entries and by bytes, whose entries expire. What is evicted is told to `onRemoved`. */
export class BoundedMap<T> {
  readonly #slots = new Map<string, Slot<T>>();
  readonly #order: EvictionOrder;
  readonly #bounds: Bounds;
  readonly #onRemoved: ((key: string, value: T) => void) | undefined;
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
    if (slot === undefined) return undefined;
    if (slot.expiresAtMs <= nowMs) {
      this.delete(key);
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
    const { value, expiresAtMs } = entry;
    const slot: Slot<T> = { value, bytes, expiresAtMs, key, older: undefined, newer: undefined, movedAt: 0 };
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
    this.#onRemoved?.(key, slot.value);
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
