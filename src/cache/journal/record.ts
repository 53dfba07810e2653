import { ownBytes } from '../codec/own-bytes.js';
import type { ValueCodec } from '../codec/value-codec.js';

/** Everything about an accepted write that outlives the process which accepted it. */
export interface WriteRecord {
  /** The field that accepted it, `Mutation.recordPlayback`. */
  readonly coordinate: string;
  /** The new state of the row; null for a deletion. */
  readonly state: unknown;
  /** What else is invalidated once the database has it. */
  readonly tags: readonly string[];
  /** Who wrote it; null for a guest. */
  readonly viewer: string | number | null;
  readonly acceptedAtMs: number;
  /** Whether it was written down again after a loss: the database may have it already, or a later one. */
  readonly isRestored?: boolean;
}

/**
 * In a buffer of its own, since it is kept.
 * @throws UnstorableValue for a state that would not come back as what it was: another one would be written in its place.
 */
export function encodeRecord(codec: ValueCodec, { tags, ...record }: WriteRecord): Uint8Array {
  return ownBytes(codec.encodeFaithfully({ ...record, tags: [...tags] }).bytes);
}

/** Undefined for what cannot be read: written by another program, or by another version. */
export function decodeRecord(codec: ValueCodec, bytes: Uint8Array): WriteRecord | undefined {
  try {
    const record = codec.decode(bytes);
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is WriteRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'coordinate' in value &&
    typeof value.coordinate === 'string' &&
    'state' in value &&
    'tags' in value &&
    Array.isArray(value.tags)
  );
}

/** The same record as of a write that is written down again. It was accepted: nothing in it can be refused any more. */
export function restoredRecord(codec: ValueCodec, bytes: Uint8Array): Uint8Array {
  const record = decodeRecord(codec, bytes);
  return record === undefined ? bytes : ownBytes(codec.encode({ ...record, isRestored: true }));
}
