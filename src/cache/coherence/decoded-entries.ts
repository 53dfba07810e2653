import { decodeEntry, type EntryHeader } from '../codec/entry.js';
import { ownBytes } from '../codec/own-bytes.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { BoundedMap, isInUse } from '../store/bounded-map.js';
import type { EntryAddress } from '../store/store.js';
import type { EntryField, Found } from './entry-field.js';

/** An entry whose payload has been decoded. */
export interface Decoded extends EntryHeader, Omit<Found, 'generations' | 'freshForMs'> {
  /** Bytes of memory that it takes, about. */
  readonly heapBytes: number;
  /** When a read that names no tags found last that its generations are the present ones; `NaN` before. */
  seenAtMs: number;
}

interface Kept {
  bytes: Uint8Array;
  readonly decoded: Decoded;
}

export interface DecodedEntriesOptions {
  /** What answers when such an entry is found. */
  readonly tier: string;
  readonly codec: ValueCodec;
  /** True where a store hands out new bytes with every read: the last ones are kept beside what they meant. */
  readonly keepBytes: boolean;
  /** Most bytes of memory that what is kept takes, the bytes of the entries included. */
  readonly maxBytes: number;
}

/** What an entry takes besides its value and the texts of its generations, as measured. */
const HEADER_BYTES = 248;
const GENERATION_BYTES = 56;
/** An array of bytes with a buffer of its own. */
const BUFFER_BYTES = 200;

/**
 * Turns stored bytes into values, and the same bytes into the same value: comparing them costs a tenth of decoding
 * them, needs neither clock nor generation, and gives all requests one object. The values have a bounded place; what is
 * dropped from it is decoded again from its bytes.
 */
export class DecodedEntries {
  readonly #options: DecodedEntriesOptions;
  readonly #kept: BoundedMap<Kept>;

  constructor(options: DecodedEntriesOptions) {
    this.#options = options;
    const { maxBytes } = options;
    this.#kept = new BoundedMap({ maxEntries: Number.MAX_SAFE_INTEGER, maxBytes, eviction: 's3-fifo' });
  }

  /** Bytes of memory that it takes now. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  /** An entry as its readers find it while it is fresh. */
  freshly(header: EntryHeader, value: unknown): Decoded {
    const { key, generations, loadedAtMs, freshForMs, loadMs, hint } = header;
    const { tier, codec } = this.#options;
    const copy = codec.copierOf(value);
    const heapBytes = codec.heapSize(value) + HEADER_BYTES + generations.length * GENERATION_BYTES;
    // Each by its name: a property that follows a spread costs V8 most of a microsecond.
    return {
      key,
      generations,
      loadedAtMs,
      freshForMs,
      loadMs,
      hint,
      value,
      copy,
      heapBytes,
      staleForMs: 0,
      isDue: false,
      tier,
      frozenBy: undefined,
      isFrozen: false,
      seenAtMs: NaN,
    };
  }

  /** Remembers what these bytes mean, as the one who encoded them knows it: for stores that hand out the very same bytes. */
  note(field: EntryField, bytes: Uint8Array, decoded: Decoded): void {
    this.#keep(field, bytes, decoded);
  }

  /** The entry in these bytes; undefined, and counted, where they are not an entry of this key. */
  decode(field: EntryField, address: EntryAddress, bytes: Uint8Array): Decoded | undefined {
    const kept = this.#find(address);
    if (kept === undefined) return this.#decode(field, address.key, bytes);
    if (kept.bytes === bytes) return kept.decoded;
    if (Buffer.compare(kept.bytes, bytes) !== 0) return this.#decode(field, address.key, bytes);
    // From now on the same object is the same value: bytes are never changed in place.
    if (!this.#options.keepBytes) kept.bytes = bytes;
    return kept.decoded;
  }

  /** The generations of an entry without tags that a read has found present in between; undefined where none is known to have. */
  seen(key: string, fromMs: number, toMs: number): readonly string[] | undefined {
    const { decoded } = this.#kept.get(key, 0) ?? {};
    const isKnown = decoded !== undefined && decoded.seenAtMs >= fromMs && decoded.seenAtMs <= toMs;
    return isKnown ? decoded.generations : undefined;
  }

  clear(): void {
    this.#kept.clear();
  }

  /** Addresses that come again remember the place, unless they remember that of a copy, which answers before. */
  #find(address: EntryAddress): Kept | undefined {
    if (this.#kept.holds(address.slot)) return this.#kept.valueIn(address.slot, 0);
    const slot = this.#kept.slotOf(address.key);
    if (slot === undefined) return undefined;
    if ('slot' in address && !isInUse(address.slot)) address.slot = slot;
    return this.#kept.valueIn(slot, 0);
  }

  #decode(field: EntryField, key: string, bytes: Uint8Array): Decoded | undefined {
    try {
      const entry = decodeEntry(bytes, key, field.lifetime.maxBytes);
      if (entry !== undefined) {
        const decoded = this.freshly(entry, this.#options.codec.decode(entry.payload));
        this.#keep(field, this.#options.keepBytes ? ownBytes(bytes) : bytes, decoded);
        return decoded;
      }
    } catch {
      // Whatever is wrong with the bytes, they are a miss: counted below, never an error for the client.
    }
    field.counters.undecodable += 1;
    return undefined;
  }

  #keep({ coordinate: owner }: EntryField, bytes: Uint8Array, decoded: Decoded): void {
    const valueBytes = decoded.heapBytes + bytes.length + BUFFER_BYTES;
    this.#kept.set(decoded.key, { value: { bytes, decoded }, valueBytes, expiresAtMs: Infinity, owner });
  }
}
