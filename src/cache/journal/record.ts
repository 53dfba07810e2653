import type { ValueCodec } from '../codec/value-codec.js';

/** Everything about an accepted write that outlives the process which accepted it. */
export interface WriteRecord {
  /** The field that accepted it, `Mutation.recordPlayback`. */
  readonly coordinate: string;
  /** The new state of the row; null for a deletion. */
  readonly state: unknown;
  /** What else is invalidated once the database has it. */
  readonly tags: readonly string[];
  /** Who wrote it; null where nobody is signed in. */
  readonly viewer: string | number | null;
  readonly acceptedAtMs: number;
}

/** @throws UnstorableValue for a state that would not come back as what it was. */
export function encodeRecord(codec: ValueCodec, { tags, ...record }: WriteRecord): Buffer {
  return codec.encode({ ...record, tags: [...tags] });
}

/** Undefined for what cannot be read: written by somebody else, or by another version. */
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
