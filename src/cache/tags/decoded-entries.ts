import { decodeEntry, type EntryHeader } from '../codec/entry.js';
import type { ValueCodec } from '../codec/value-codec.js';
import type { EntryField, Found } from './entry-field.js';

/** An entry whose payload has been decoded. */
export interface Decoded extends EntryHeader, Omit<Found, 'generations'> {
  /** Bytes of the payload, before it was deflated. */
  readonly payloadBytes: number;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly decoded: Decoded;
}

export interface DecodedEntriesOptions {
  /** What answers when such an entry is found. */
  readonly tier: string;
  readonly codec: ValueCodec;
  /** True where a store hands out new bytes with every read: the last ones are kept beside what they meant. */
  readonly keepBytes: boolean;
}

/** Kept bytes of both generations together, at most; what was not seen for a while goes first. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
const KEPT_OVERHEAD_BYTES = 300;

/**
 * Turns stored bytes into values, and the same bytes into the same value: comparing them costs a tenth of decoding
 * them, needs neither clock nor generation, and gives all requests one object.
 */
export class DecodedEntries {
  readonly #options: DecodedEntriesOptions;
  // Bytes are never changed in place, so the same object is the same value.
  readonly #byBytes = new WeakMap<Uint8Array, Decoded>();
  #young = new Map<string, Kept>();
  #old = new Map<string, Kept>();
  #youngBytes = 0;

  constructor(options: DecodedEntriesOptions) {
    this.#options = options;
  }

  /** An entry as its readers find it while it is fresh. */
  freshly(header: EntryHeader, value: unknown, payloadBytes: number): Decoded {
    const copy = this.#options.codec.copierOf(value);
    return { ...header, value, copy, payloadBytes, staleForMs: 0, isDue: false, tier: this.#options.tier };
  }

  /** Remembers what these bytes mean, as the one who encoded them knows it. */
  note(bytes: Uint8Array, decoded: Decoded): void {
    if (!this.#options.keepBytes) this.#byBytes.set(bytes, decoded);
  }

  /** The entry in these bytes; undefined, and counted, where they are not an entry of this key. */
  decode({ lifetime, counters }: EntryField, key: string, bytes: Uint8Array): Decoded | undefined {
    const known = this.#options.keepBytes ? this.#sameAsBefore(key, bytes) : this.#byBytes.get(bytes);
    if (known !== undefined) return known.key === key ? known : undefined;
    try {
      const entry = decodeEntry(bytes, key, lifetime.maxBytes);
      if (entry !== undefined) {
        const value = this.#options.codec.decode(entry.payload);
        const { payload, ...header } = entry;
        return this.#keep(bytes, this.freshly(header, value, payload.length));
      }
    } catch {
      // Whatever is wrong with the bytes, they are a miss: counted below, never an error for the client.
    }
    counters.undecodable += 1;
    return undefined;
  }

  #sameAsBefore(key: string, bytes: Uint8Array): Decoded | undefined {
    const young = this.#young.get(key);
    const kept = young ?? this.#old.get(key);
    if (kept === undefined || Buffer.compare(kept.bytes, bytes) !== 0) return undefined;
    if (young === undefined) this.#makeYoung(key, kept);
    return kept.decoded;
  }

  #keep(bytes: Uint8Array, decoded: Decoded): Decoded {
    // A copy: what a client library hands out is a part of a much larger buffer.
    if (this.#options.keepBytes) this.#makeYoung(decoded.key, { bytes: Buffer.from(bytes), decoded });
    else this.#byBytes.set(bytes, decoded);
    return decoded;
  }

  #makeYoung(key: string, kept: Kept): void {
    this.#young.set(key, kept);
    this.#youngBytes += kept.bytes.length + KEPT_OVERHEAD_BYTES;
    if (this.#youngBytes < MAX_KEPT_BYTES / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}
