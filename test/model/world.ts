import type { State } from './visited.js';

/**
 * Where things lie in a state. Versions of the row count from 0, and what holds one that may be absent holds it plus
 * one. Generations are small numbers, 0 for none: only which of them are equal has a meaning.
 */
let size = 0;
const bytes = (count = 1): number => (size += count) - count;

/** The kinds of generations that an entry may be stamped with: of its own key, of another tag, the epoch. */
export const OWN = 0;
export const TAG = 1;
export const EPOCH = 2;
export type Kind = typeof OWN | typeof TAG | typeof EPOCH;
export const KINDS = 3;

export const BROKEN = bytes();
export const DATABASE = bytes();
/** The highest version that was acknowledged without a reservation. */
export const ACKNOWLEDGED = bytes();
/** The same, and bounded answers too. */
export const ANSWERED = bytes();
/** The same, of writers in the process of the readers alone. */
export const ANSWERED_HERE = bytes();

/** The store: one entry, a generation of each kind, and the run it was last used in. */
export const ENTRY = bytes();
export const ENTRY_STAMPS = bytes(KINDS);
export const GENERATIONS = bytes(KINDS);
export const KNOWN_RUN = bytes();
/** A bit for each entry of the log that is there; never a number twice. */
export const LOG_KEPT = bytes();
/** All that a snapshot of the store has, in this order. */
export const STORE = { from: ENTRY, to: size } as const;
export const SNAPSHOT = bytes(STORE.to - STORE.from);
export const SNAPSHOT_TAKEN = bytes();
export const RUN = bytes();
export const LOG_COUNT = bytes();
export const LOG_ENTRIES = 8;
export const LOG_TAGS = bytes(LOG_ENTRIES);

/** How often something may still happen that nobody wants. */
export const EVICTIONS = bytes();
export const GHOSTS = bytes();
export const CRASHES = bytes();
export const LOSSES = bytes();
export const RESTARTS = bytes();
export const LOG_LOSSES = bytes();

/** A fill that is executed once more. */
export const LATE_FILL = bytes();
export const LATE_STAMPS = bytes(KINDS);

/** What the process in which all readers are keeps in front of the store. */
export const COPY = bytes();
export const LAST_APPLIED = bytes();

/** A process: where its rejoining stands, which run it saw, the outbox rows it waits for, what it missed, its floor. */
export const PROCESSES = 2;
export const PROCESS = { phase: 0, run: 1, waits: 2, missed: 3, floor: 4, bytes: 5 } as const;
const PROCESS_AT = bytes(PROCESSES * PROCESS.bytes);

/** A writer: the step it is at, its version, its rows in the outbox, by tag, and its name, which is only for words. */
export const WRITERS = 2;
export const WRITER = { phase: 0, version: 1, rows: 2, name: 4, bytes: 5 } as const;
const WRITER_AT = bytes(WRITERS * WRITER.bytes);
export const RELAY_ROW = bytes();
export const RELAY_PHASE = bytes();

/** A reader: also the log tags that were applied since its fetch began, and what its look into the log brought; its name. */
export const READERS = 3;
export const READER = {
  phase: 0,
  floor: 1,
  version: 2,
  stamps: 3,
  touched: 6,
  last: 7,
  tags: 8,
  name: 9,
  bytes: 10,
} as const;
const READER_AT = bytes(READERS * READER.bytes);

export const WORLD_BYTES = Math.ceil(size / 4) * 4;

export const processAt = (index: number): number => PROCESS_AT + index * PROCESS.bytes;
export const writerAt = (index: number): number => WRITER_AT + index * WRITER.bytes;
export const readerAt = (index: number): number => READER_AT + index * READER.bytes;

export const get = (state: State, at: number): number => state[at] ?? 0;
