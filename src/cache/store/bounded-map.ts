import { evictions, type Evictable, type Eviction } from './eviction.js';
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

interface Slot<T> extends Evictable {
  readonly value: T;
  readonly share: Share;
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

  /** The value, unless it is absent or has expired. */
  get(key: string, nowMs: number): T | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.expiresAtMs <= nowMs) {
      this.delete(key);
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
    const share = this.#shares.of(owner);
    const slot: Slot<T> = {
      key,
      value,
      bytes,
      expiresAtMs,
      share,
      older: undefined,
      newer: undefined,
      movedAt: 0,
      uses: 0,
      isProven: false,
    };
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
    this.#onRemoved?.(key, slot.value);
  }
}
