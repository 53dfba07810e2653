import type { Evictable } from './eviction-order.js';
import { evictions, type Eviction } from './eviction.js';
import { Shares, type Share } from './shares.js';

export interface Bounds {
  /** Most entries kept; > 0. */
  readonly maxEntries: number;
  /** Most bytes of memory that what is kept takes, with its bookkeeping; > 0. */
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
  // What a use reads comes first, so that it lies together in memory.
  readonly map: BoundedMap<T>;
  /** Undefined once it was removed. */
  value: T | undefined;
  /** Milliseconds since the map's first entry: small integers, which need no object of their own. */
  readonly expiresAtMs: number;
  readonly share: Share;
  uses = 0;
  movedAt = 0;
  readonly key: string;
  readonly bytes: number;
  older: Evictable | undefined = undefined;
  newer: Evictable | undefined = undefined;
  isProven = false;

  constructor(map: BoundedMap<T>, { key, value, bytes, expiresAtMs, share }: SlotContent<T>) {
    this.map = map;
    this.value = value;
    this.expiresAtMs = expiresAtMs;
    this.share = share;
    this.key = key;
    this.bytes = bytes;
  }
}

interface SlotContent<T> {
  readonly key: string;
  readonly value: T;
  readonly bytes: number;
  readonly expiresAtMs: number;
  readonly share: Share;
}

export type { Slot };

/** True for the place of a value in any map that has not been removed from it. */
export function isInUse(slot: unknown): boolean {
  return slot instanceof Slot && slot.value !== undefined;
}

/** What is put into a bounded map. */
export interface Content<T> {
  readonly value: T;
  /** Bytes of memory that the value takes. */
  readonly valueBytes: number;
  readonly expiresAtMs: number;
  /** Whose share it belongs to: the coordinate of a field. */
  readonly owner?: string | undefined;
}

/** What one entry of bookkeeping costs, its key aside: the slot and its place in the map, as measured in Node 20. */
const OVERHEAD_BYTES = 200;
/** `s3-fifo`: the part of the bounds that newcomers may have. */
const PROBATION = 0.1;

/**
 * A map bounded by entries and by bytes, whose entries expire. What goes first is taken from the owner that has most. What is
 * removed is told to `onRemoved`.
 */
export class BoundedMap<T> {
  readonly #slots = new Map<string, Slot<T>>();
  readonly #shares: Shares;
  readonly #bounds: Bounds;
  readonly #onRemoved: ((key: string, value: T) => void) | undefined;
  readonly #heldBeside: () => number;
  /** Where the time of its slots begins; 0 until one has an end. */
  #startMs = 0;
  #bytes = 0;
  #evictions = 0;

  /** `heldBeside`: bytes that are held elsewhere and count in `maxBytes`, up to half of it; default none. */
  constructor(bounds: Bounds, onRemoved?: (key: string, value: T) => void, heldBeside = (): number => 0) {
    this.#bounds = bounds;
    this.#shares = new Shares(bounds.eviction, () => this.#slots.size);
    this.#onRemoved = onRemoved;
    this.#heldBeside = heldBeside;
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

  /** What each owner has. */
  get owners(): Iterable<Readonly<Share>> {
    return this.#shares.all();
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
    return slot instanceof Slot && slot.map === this && slot.value !== undefined;
  }

  /** As `get`, without a look-up. */
  valueIn(slot: Slot<T>, nowMs: number): T | undefined {
    if (slot.expiresAtMs <= nowMs - this.#startMs) {
      this.delete(slot.key);
      return undefined;
    }
    slot.share.order.used(slot);
    return slot.value;
  }

  /** Puts a value; false when it alone exceeds the bounds. */
  set(key: string, { value, valueBytes, expiresAtMs, owner = '' }: Content<T>): boolean {
    this.delete(key);
    const bytes = valueBytes + key.length * 2 + OVERHEAD_BYTES;
    const maxBytes = this.#maxBytes();
    if (bytes > maxBytes) return false;
    this.#makeRoom(maxBytes - bytes);
    if (this.#startMs === 0 && Number.isFinite(expiresAtMs)) this.#startMs = expiresAtMs;
    const share = this.#shares.of(owner);
    const slot = new Slot(this, { key, value, bytes, share, expiresAtMs: expiresAtMs - this.#startMs });
    this.#slots.set(key, slot);
    share.entries += 1;
    share.bytes += bytes;
    share.order.added(slot);
    this.#bytes += bytes;
    return true;
  }

  delete(key: string): void {
    this.#remove(key, false);
  }

  clear(): void {
    for (const key of [...this.#slots.keys()]) this.delete(key);
    this.#shares.clear();
  }

  #maxBytes(): number {
    const { maxBytes } = this.#bounds;
    return Math.max(maxBytes / 2, maxBytes - this.#heldBeside());
  }

  #makeRoom(maxBytes: number): void {
    const { maxEntries } = this.#bounds;
    for (;;) {
      const areTooMany = this.#slots.size >= maxEntries;
      if (!areTooMany && this.#bytes <= maxBytes) return;
      const key = areTooMany
        ? this.#shares.next('entries', maxEntries * PROBATION)
        : this.#shares.next('bytes', maxBytes * PROBATION);
      if (key === undefined) return;
      this.#evictions += 1;
      this.#remove(key, true);
    }
  }

  #remove(key: string, isEvicted: boolean): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    const { share, bytes } = slot;
    this.#slots.delete(key);
    share.order.removed(slot, isEvicted);
    share.entries -= 1;
    share.bytes -= bytes;
    if (share.entries === 0) this.#shares.drop(share);
    this.#bytes -= bytes;
    const { value } = slot;
    slot.value = undefined;
    if (value !== undefined) this.#onRemoved?.(key, value);
  }
}
