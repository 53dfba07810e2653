import type { Outcome } from '../metrics/trace.js';

/** What all messages about work have that takes time: the same object from `start` to the end, to be read and not to be changed. */
export interface WorkMessage {
  /** True from `end` on where the work goes on after it: then `asyncEnd` is its end. */
  isAsync?: boolean;
  /** With what it failed. */
  error?: unknown;
  /**
   * Runs the work. A subscriber of `start` may set it, to have the work run in a context of its own; one that is set already is
   * called within.
   */
  around?: Around | undefined;
}

/** Runs work in a context. */
export type Around = <T>(work: () => T) => T;

/** One call of a cached field, or of `cache.fetch`. */
export interface ReadMessage extends WorkMessage {
  /** `Query.movie`; or `cache.fetch Report`. */
  readonly coordinate: string;
  readonly pattern: string;
  /** What became of the entries that it reads, in the order in which that is known; complete at the end. */
  readonly entries: EntryMessage[];
}

/** What became of one entry that is read. */
export interface EntryMessage {
  readonly outcome: Outcome;
  /** Of PUBLIC fields, with the values that it varies by as hashes. */
  readonly key?: string | undefined;
  /** Why a read went past the cache. */
  readonly reason?: string | undefined;
  /** What answered: `local`, `memory`, `redis`, `journal` or `origin`. */
  readonly tier?: string | undefined;
  readonly ageMs?: number | undefined;
  /** How long the load took: the one just made, or the one that made the entry. */
  readonly loadMs?: number | undefined;
  /** The load that answered, where it was made in this process: of another read, where this one has joined it. */
  readonly load?: LoadMessage | undefined;
}

/** One call of a resolver or an origin. */
export interface LoadMessage extends WorkMessage {
  /** Of the fields that it is for: one, or several that ask the same origin in the same moment. */
  readonly coordinates: readonly string[];
  /** For how many entries. */
  readonly entries: number;
  /** Whether a reader waits for it, who may have a stale answer already (`refresh`), or no reader asked for it (`warm`). */
  readonly cause: LoadCause;
}

export type LoadCause = 'read' | 'refresh' | 'warm';

/** An entry on its way into the store, once it is known what became of it. */
export interface StoreMessage {
  readonly coordinate: string;
  /**
   * `stored`, or why not: what it was made of is `outdated` by now, as an invalidation or a later write came first (`refused`), the
   * store has `no-room` or has `failed`, the value is `too-large`, or `unstorable`.
   */
  readonly outcome: 'stored' | 'outdated' | 'refused' | 'no-room' | 'failed' | 'too-large' | 'unstorable';
  /** Of the whole entry, where it was made. */
  readonly bytes?: number | undefined;
  /** True for the row of a write, false for what was loaded. */
  readonly isWrite: boolean;
}

/** The invalidation that a write means, with its repetitions. */
export interface InvalidateMessage extends WorkMessage {
  /** The mutation, or `cache.invalidate`, `cache.flush`. */
  readonly coordinate: string;
  readonly tags: number;
  /** Of the tags, each once: `Movie` of `Movie:42`. */
  readonly namespaces: readonly string[];
  /** Known at the end. */
  isApplied?: boolean;
}

/** Rows of the outbox that are applied. */
export interface RelayMessage extends WorkMessage {
  readonly rows: number;
  readonly tags: number;
  readonly namespaces: readonly string[];
  /** How long the oldest had waited when it was found. */
  readonly waitedMs: number;
}

/** Accepted writes that are written into the database in one call. */
export interface FlushMessage extends WorkMessage {
  readonly namespace: string;
  readonly writes: number;
  /** True where no request waits for them. */
  readonly isBehind: boolean;
}
