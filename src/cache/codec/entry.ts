import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { sharedText } from './shared-text.js';

/**
 * The version of the stored bytes. A change to anything below raises it and adds a golden file.
 *
 *   0      format version
 *   1      flags: 1 = payload is deflated, 2 = a hint for caches of answers stands before the payload
 *   2..9   loaded at, milliseconds since the epoch (float64)
 *   10..13 fresh for, milliseconds
 *   14..17 the load took, milliseconds
 *   18     number of generations
 *   19..20 length of the key's echo in bytes
 *   21..   generations, each one byte of length and ASCII text; the key's echo (UTF-8);
 *          with a hint its scope (0 none, 1 PUBLIC, 2 PRIVATE) and its seconds (float64, NaN = none); the payload
 */
export const FORMAT_VERSION = 2;
const HEADER_BYTES = 21;
const DEFLATED = 1;
const HINTED = 2;
const HINT_BYTES = 9;
const HINT_SCOPES = [undefined, 'PUBLIC', 'PRIVATE'] as const;
/** Payloads above this many bytes are deflated when that makes them smaller. */
export const DEFLATE_ABOVE_BYTES = 4096;
/** The longest an entry can be fresh, 45 days: the header counts milliseconds in 32 bits. */
export const MAX_TTL_SECONDS = 45 * 24 * 60 * 60;
/** Most tags of one entry. */
export const MAX_TAGS = 32;

/** What the load said to caches of whole answers, as Apollo Server's cache-control plugin takes it. */
export interface AnswerHint {
  /** Seconds from the load on. */
  readonly maxAge?: number | undefined;
  readonly scope?: 'PUBLIC' | 'PRIVATE' | undefined;
}

/**
 * Of a value that no resolver of a read has loaded: a row that a write stored, a write that is pending, what an origin
 * brought. What such a resolver would have said of it is not known.
 */
export const UNKNOWN_HINT: AnswerHint = Object.freeze({});

/** What an entry says about itself. */
export interface EntryHeader {
  readonly key: string;
  /** The generations of the entry's own key, of its tags and of the store, as they were before the load began. */
  readonly generations: readonly string[];
  readonly loadedAtMs: number;
  readonly freshForMs: number;
  readonly loadMs: number;
  readonly hint?: AnswerHint | undefined;
}

export interface Entry extends EntryHeader {
  readonly payload: Uint8Array;
}

/** `allocate` makes the bytes: `Buffer.allocUnsafeSlow` for those that are kept, which must not be a part of more. */
export function encodeEntry(entry: Entry, allocate = Buffer.allocUnsafe): Buffer {
  const deflated =
    entry.payload.length > DEFLATE_ABOVE_BYTES ? deflateRawSync(entry.payload, { level: 1 }) : undefined;
  const smaller = deflated !== undefined && deflated.length < entry.payload.length;
  const payload = smaller ? deflated : entry.payload;
  const key = Buffer.from(entry.key, 'utf8');
  const generationBytes = entry.generations.reduce((sum, generation) => sum + 1 + generation.length, 0);
  const hintBytes = entry.hint === undefined ? 0 : HINT_BYTES;
  const bytes = allocate(HEADER_BYTES + generationBytes + key.length + hintBytes + payload.length);
  bytes[0] = FORMAT_VERSION;
  bytes[1] = (smaller ? DEFLATED : 0) | (entry.hint === undefined ? 0 : HINTED);
  bytes.writeDoubleBE(entry.loadedAtMs, 2);
  bytes.writeUInt32BE(wholeMs(entry.freshForMs), 10);
  bytes.writeUInt32BE(wholeMs(entry.loadMs), 14);
  bytes[18] = entry.generations.length;
  bytes.writeUInt16BE(key.length, 19);
  let offset = HEADER_BYTES;
  for (const generation of entry.generations) {
    bytes[offset] = generation.length;
    offset += 1 + bytes.write(generation, offset + 1, 'latin1');
  }
  offset += key.copy(bytes, offset);
  if (entry.hint !== undefined) {
    bytes[offset] = HINT_SCOPES.indexOf(entry.hint.scope);
    offset = bytes.writeDoubleBE(entry.hint.maxAge ?? NaN, offset + 1);
  }
  bytes.set(payload, offset);
  return bytes;
}

/** As the header counts milliseconds: whole ones, in 32 bits without a sign. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.min(0xffff_ffff, Math.round(ms)));
}

/**
 * Reads an entry that should answer `key`. The answer is undefined where the bytes are of another format version,
 * truncated, echo another key, or are more than `maxBytes`, deflated or not: all of that is a miss.
 */
export function decodeEntry(stored: Uint8Array, key: string, maxBytes: number): Entry | undefined {
  if (stored.length < HEADER_BYTES || stored[0] !== FORMAT_VERSION) return undefined;
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const generations: string[] = [];
  let offset = HEADER_BYTES;
  for (let count = bytes.readUInt8(18); count > 0; count -= 1) {
    if (offset >= bytes.length) return undefined;
    const end = offset + 1 + bytes.readUInt8(offset);
    const text = bytes.toString('latin1', offset + 1, end);
    // The first is the entry's own; the others it shares.
    generations.push(generations.length === 0 ? text : sharedText(text));
    offset = end;
  }
  const keyEnd = offset + bytes.readUInt16BE(19);
  if (keyEnd > bytes.length || bytes.toString('utf8', offset, keyEnd) !== key) return undefined;
  const flags = bytes.readUInt8(1);
  const isHinted = (flags & HINTED) !== 0;
  const payloadAt = keyEnd + (isHinted ? HINT_BYTES : 0);
  if (payloadAt > bytes.length) return undefined;
  const payload = inflate(bytes.subarray(payloadAt), flags & ~HINTED, maxBytes);
  const loadedAtMs = bytes.readDoubleBE(2);
  if (payload === undefined || !Number.isFinite(loadedAtMs)) return undefined;
  return {
    key,
    generations,
    loadedAtMs,
    freshForMs: bytes.readUInt32BE(10),
    loadMs: bytes.readUInt32BE(14),
    hint: isHinted ? hintAt(bytes, keyEnd) : undefined,
    payload,
  };
}

function hintAt(bytes: Buffer, offset: number): AnswerHint {
  const maxAge = bytes.readDoubleBE(offset + 1);
  const scope = HINT_SCOPES[bytes.readUInt8(offset)];
  return { ...(Number.isNaN(maxAge) ? {} : { maxAge }), ...(scope && { scope }) };
}

function inflate(payload: Buffer, flags: number, maxBytes: number): Buffer | undefined {
  if (flags === 0) return payload.length > maxBytes ? undefined : payload;
  if (flags !== DEFLATED) return undefined;
  try {
    return inflateRawSync(payload, { maxOutputLength: maxBytes });
  } catch {
    // Not deflate, or a bomb that would grow beyond what this field may store: a miss, counted by the caller.
    return undefined;
  }
}
