import { WholeNumbersRead } from './whole-numbers.js';

/**
 * A recording is a line of JSON, the head, and then events as whole numbers: what happened, the milliseconds since the event
 * before, and the rest. Keys and tags are numbers in the order in which they came, so that none of them can be found out.
 *
 *   READ        field, key
 *   STORED      key, bytes, milliseconds of its load, 1 for null, how many tags, tags; a load or a write has stored it
 *   INVALIDATED how many tags, tags
 */
export const EVENT = { READ: 0, STORED: 1, INVALIDATED: 2 } as const;
export const RECORDING_VERSION = 1;

/** A field as it was set while its traffic was recorded; milliseconds. */
export interface RecordedField {
  readonly coordinate: string;
  readonly pattern: string;
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  readonly swrMs: number;
  readonly staleMs: number;
}

export interface RecordingHead {
  readonly version: number;
  /** By their numbers. */
  readonly fields: readonly RecordedField[];
  /** True where the recording was full, and ended before its process. */
  readonly isFull: boolean;
}

export type RecordedEvent =
  | { readonly kind: 'read'; readonly atMs: number; readonly field: number; readonly key: number }
  | {
      readonly kind: 'stored';
      readonly atMs: number;
      readonly key: number;
      /** Of the entry and of its key. */
      readonly bytes: number;
      readonly loadMs: number;
      readonly isNull: boolean;
      /** Its own row and its tags. */
      readonly tags: readonly number[];
      /** True where a write stored it, and no load. */
      readonly isWrite: boolean;
    }
  | { readonly kind: 'invalidated'; readonly atMs: number; readonly tags: readonly number[] };

/** What `cache.stats.recording()` returned, taken apart. */
export interface Recording extends RecordingHead {
  readonly events: readonly RecordedEvent[];
}

const LINE_END = 10;
/** Flags of what was stored. */
export const STORED = { NULL: 1, WRITE: 2 } as const;

/** @throws Error for what is no recording, or one of another version. */
export function readRecording(bytes: Uint8Array): Recording {
  const end = bytes.indexOf(LINE_END);
  const head = headIn(Buffer.from(bytes.subarray(0, Math.max(0, end))).toString('utf8'));
  const numbers = new WholeNumbersRead(bytes.subarray(end + 1));
  const events: RecordedEvent[] = [];
  let atMs = 0;
  while (!numbers.isAtEnd) {
    const what = numbers.next();
    atMs += numbers.next();
    events.push(eventOf(what, atMs, numbers));
  }
  return { ...head, events };
}

function eventOf(what: number, atMs: number, numbers: WholeNumbersRead): RecordedEvent {
  const next = (): number => numbers.next();
  const list = (): readonly number[] => Array.from({ length: next() }, next);
  if (what === EVENT.READ) return { kind: 'read', atMs, field: next(), key: next() };
  if (what === EVENT.INVALIDATED) return { kind: 'invalidated', atMs, tags: list() };
  if (what !== EVENT.STORED) throw new Error('this is no recording of a cache');
  const [key, bytes, loadMs, flags] = [next(), next(), next(), next()];
  const [isNull, isWrite] = [(flags & STORED.NULL) !== 0, (flags & STORED.WRITE) !== 0];
  return { kind: 'stored', atMs, key, bytes, loadMs, isNull, isWrite, tags: list() };
}

function headIn(line: string): RecordingHead {
  const head = parsed(line);
  if (!isHead(head)) throw new Error('this is no recording of a cache');
  if (head.version !== RECORDING_VERSION)
    throw new Error(
      `this recording has the version ${head.version}, and this version of corral reads ${RECORDING_VERSION}`,
    );
  return head;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // What it is not is said by the caller.
    return undefined;
  }
}

/** This program wrote it: what only looks like one is not guarded against. */
function isHead(value: unknown): value is RecordingHead {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    typeof value.version === 'number' &&
    'fields' in value &&
    Array.isArray(value.fields)
  );
}
