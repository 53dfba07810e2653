import type { CacheLog } from '../log.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { Asked } from './asked.js';

/** Names an entry and the tags it depends on; the key itself is always a tag and is not repeated in `tags`. */
export interface EntryAddress {
  readonly key: string;
  /**
   * What the entry is one of several variants of. Its key begins with it, and the generation of the row is the entry's own:
   * one invalidation ends all variants. Absent where the key itself is the row.
   */
  readonly row?: string | undefined;
  readonly tags: readonly string[];
  /** Where it is given, even as undefined, the address comes again: what keeps a copy may note here where it is. */
  slot?: unknown;
  /** Likewise: the store may note here what it calls it. */
  named?: unknown;
}

/**
 * What a read finds: the bytes, and the present generations of the key, then of the address's tags in their order,
 * then those that the store adds for itself (Redis: its epoch).
 */
export interface Reading {
  readonly bytes: Uint8Array | undefined;
  readonly generations: readonly (string | undefined)[];
  /** Where several who asked together share one reading: what the first made of it. */
  judged?: unknown;
}

/** The tag that an entry has by itself: its row, or its key. */
export function rowOf({ key, row }: Pick<EntryAddress, 'key' | 'row'>): string {
  return row ?? key;
}

/** How something is asked for. */
export interface AskOptions {
  /**
   * True where the caller has what is asked for soon without the store: one that is silent for longer than usual then need not be waited for
   * until its time-out.
   */
  readonly mayGiveUp?: boolean | undefined;
}

/** Asks for the generations under which a load would begin, and for the lease to make that load. */
export interface LeaseRequest extends EntryAddress {
  /** Names this request: random, never used twice. */
  readonly token: string;
  /** Milliseconds after which a lease that is not renewed ends; > 0. */
  readonly leaseMs: number;
  /** Milliseconds for which entries of this kind are kept at most: their generations are kept longer. */
  readonly keepForMs: number;
  /** As in `Fill`. */
  readonly owner?: string | undefined;
  /** True where nothing is loaded under it: then a store need not look for generations of others, and may answer anything for them. */
  readonly onlyLease?: boolean | undefined;
}

/** What there is before a load: generations, created where missing; the entry there now; and whether to load. */
export interface Acquired {
  readonly bytes: Uint8Array | undefined;
  /**
   * Undefined where a part of the store that knows one of them cannot be reached: what is loaded then is not stored, and a lease
   * that was given is given back.
   */
  readonly generations: readonly string[] | undefined;
  /** False while another process holds the lease under the same generations. */
  readonly leased: boolean;
}

/** A lease that was given. It saves loads; what is right never depends on it. */
export interface Lease {
  readonly key: string;
  /** As in the address of the entry. */
  readonly row?: string | undefined;
  readonly token: string;
}

/** An entry on its way into the store. */
export interface Fill extends EntryAddress {
  readonly bytes: Uint8Array;
  /** The generations acquired before the load began, in the order of `Acquired`. */
  readonly generations: readonly string[];
  /** Milliseconds after which the store forgets the entry; > 0. */
  readonly keepForMs: number;
  /** Whose share of a bounded store it belongs to: the coordinate of its field. */
  readonly owner?: string | undefined;
  /** The token of the lease that the fill gives back; undefined where there is none. */
  readonly token?: string | undefined;
}

/**
 * `outdated`: the key was invalidated, or its generation lost, since the load began. `no-room`: the entry alone is
 * larger than the store. In both cases nothing was stored.
 */
export type FillOutcome = 'stored' | 'outdated' | 'no-room';

/** A write that will want to store its row, before its transaction begins: see `Store.intend`. */
export interface Intention extends EntryAddress {
  /** Milliseconds for which the entry will be kept at most: the generations of its tags are kept longer. */
  readonly keepForMs: number;
  /** True where nothing shall be stored unless there is an entry now. */
  readonly onlyHot: boolean;
}

/** What there is before a write. */
export interface Intended {
  /** The generation of the key, which tells later whether the row may be stored; undefined where it shall not be. */
  readonly captured: string | undefined;
  /** The generations of the tags, created where missing, then those that the store adds for itself; without the key's own. */
  readonly generations: readonly string[];
}

/** A row on its way into the store, from the write that committed it. */
export interface Put extends EntryAddress {
  /** The generation of the key from before the transaction. */
  readonly captured: string;
  /** The row's version: row locks make its order the order of commits. */
  readonly version: number;
  /** The new generation of the key, which the bytes are stamped with: `generationOfVersion` of the captured one. */
  readonly generation: string;
  readonly bytes: Uint8Array;
  /** Milliseconds after which the store forgets the entry; > 0. */
  readonly keepForMs: number;
  /** As in `Fill`. */
  readonly owner?: string | undefined;
}

/**
 * `refused`: a later version was seen, or the generation that was captured has ended. `no-room`: the row alone is larger than what
 * the store holds, or the server is full. Nothing was stored.
 */
export type PutOutcome = 'stored' | 'refused' | 'no-room';

/** What a look into the log of invalidations brought. */
export interface LogReading {
  /** Names the last entry that was read. */
  readonly last: string;
  /** Every tag that was invalidated after the entry looked from; `all` where that is not known. */
  readonly tags: readonly string[] | 'all';
  /** True where there may be more after `last`. */
  readonly isMore: boolean;
}

export interface OpenOptions {
  /** Tells the shapes of cached types apart: what was stored under another digest is never read. */
  readonly digest: string;
  readonly log: CacheLog;
  /**
   * Told when nothing that was stored so far may be served any more: copies of this process must go too. `copies`: only those, as
   * another server is used than before, and what it has may be served.
   */
  readonly onForgotten: (what: 'all' | 'copies') => void;
  /** Asked before a store is used, again or for the first time: see `CaughtUp`. */
  readonly caughtUp: () => Promise<CaughtUp>;
}

/**
 * Whether every invalidation that a store may have missed is known to be applied. After a `no` everything stored so
 * far must be forgotten; `unknown`: no account is kept, so the store goes by what it has seen itself.
 */
export type CaughtUp = 'yes' | 'no' | 'unknown';

/** What a process has counted since it wrote that down last. */
export interface FigureChanges {
  readonly slots: ReadonlyMap<string, string>;
  readonly gone: readonly string[];
}

/** What a process has written down. */
export interface ProcessFigures {
  readonly process: string;
  readonly slots: ReadonlyMap<string, string>;
}

/** How a store is; what is not known is left out. */
export interface StoreHealth {
  /** Of one small command, measured for this answer. */
  readonly roundTripMs?: number;
  readonly usedBytes?: number;
  /** 0 where there is no bound. */
  readonly maxBytes?: number;
  /** What leaves first where there is no room, as the server calls it. */
  readonly evictionPolicy?: string;
  /** Since the server started, or this process did. */
  readonly evictions?: number;
  /** Keys that the server was asked for and had, or had not, since it started: all that use it count. */
  readonly serverHits?: number;
  readonly serverMisses?: number;
}

/** Entries that belong together. */
export interface Holding {
  /** The coordinate that they belong to, or the namespace of their keys. */
  readonly of: string;
  readonly entries: number;
  readonly bytes: number;
  /** Of those that were looked at: how many never expire. */
  readonly withoutExpiry: number;
  /** True where it was reckoned from a sample. */
  readonly isEstimate: boolean;
}

/**
 * Where entries rest. One contract, many implementations, one contract suite (`storeContract` in `testing/`).
 * Every operation takes a batch and answers in its order. Every operation is safe when it runs late or twice.
 */
export interface Store {
  /** The tier in evidence and metrics: `memory`, `redis`. */
  readonly name: string;
  /** True where a read is answered at once, in this process, without a round trip. */
  readonly isLocal: boolean;
  /** Names what several processes share, the same in each of them, for an outbox. Absent where the store ends with its process. */
  readonly sharedAs?: string;
  /** Connects. A store that is away is no error; one that refuses to be used is a CacheError. */
  open?(options: OpenOptions): Promise<void>;
  /** Reads entries together with the present generations of their keys and tags. */
  read(addresses: readonly EntryAddress[], options?: AskOptions): MaybePromise<readonly Reading[]>;
  /** Called before a load begins: see `Acquired`. */
  acquire(requests: readonly LeaseRequest[], options?: AskOptions): MaybePromise<readonly Acquired[]>;
  /**
   * Stores entries whose own generation is still the acquired one, and gives their leases back. Rejects where any of them could not be
   * stored; what was done for the others stands.
   */
  fill(fills: readonly Fill[]): MaybePromise<readonly FillOutcome[]>;
  /** Gives leases back without a fill; those that are no longer held are left alone. */
  release(leases: readonly Lease[]): MaybePromise<void>;
  /** Prolongs leases; false for each that is no longer held, undefined where that cannot be told now. */
  renew(
    leases: readonly (Lease & { readonly leaseMs: number })[],
  ): MaybePromise<readonly (boolean | undefined)[]>;
  /**
   * Ends the generation of each tag, and deletes the entry whose key it is, in one atomic step per tag. The version of the
   * row that a tag names is left in its new generation, for writes under way to compare with; without one, those store nothing.
   * A store may put the row of the write in the same step, and tells what became of it; undefined: it was not put.
   */
  invalidate(
    tags: readonly string[],
    versions?: ReadonlyMap<string, number>,
    row?: Put,
  ): MaybePromise<PutOutcome | undefined | void>;
  /** Called before the transaction of a write begins, whose row shall be stored: see `Intended`. */
  intend(intentions: readonly Intention[]): MaybePromise<readonly Intended[]>;
  /** Stores rows that were committed, unless a later version was seen. */
  put(puts: readonly Put[]): MaybePromise<readonly PutOutcome[]>;
  /** Forgets everything: nothing that was stored, or is being loaded, counts any more. */
  forget(): MaybePromise<void>;
  /**
   * Stores of this process: bytes are held beside them, of values that were decoded from their entries, and count in their
   * bound until the signal is given. Answers how many there may be.
   */
  holdBeside?(bytes: () => number, until?: AbortSignal): number;
  /**
   * Reads the log of invalidations on after an entry, or finds out where it is now. An invalidation is in the log before
   * `invalidate` resolves. Absent where copies in front of the store would gain nothing.
   */
  readLog?(after: string | undefined): MaybePromise<LogReading>;
  /**
   * Has every process drop its copies of what depends on these tags: what is in the store was loaded anew, though nothing was
   * invalidated. It is in the log before this resolves. Absent where there is no log, and no other cache.
   */
  dropCopies?(tags: readonly string[]): MaybePromise<void>;
  /**
   * Adds to how often argument sets of a field were asked for, by all processes; old counts fade, and only the most asked
   * for are kept. Absent where nothing is counted.
   */
  countAsked?(field: string, asked: readonly Asked[]): MaybePromise<void>;
  /** Those that were asked for most lately, at most so many, with their faded counts. */
  mostAsked?(field: string, atMost: number): MaybePromise<readonly Asked[]>;
  /**
   * Writes down what a process has counted, in named parts, for all that share the store; parts that are `gone` are removed.
   * What is not written anew is forgotten after two hours. Absent where no other process could read it.
   */
  shareFigures?(process: string, figures: FigureChanges): MaybePromise<void>;
  /** What all processes have written down, the named parts of it, or all; of at most 64 that wrote last. */
  sharedFigures?(parts?: readonly string[]): MaybePromise<readonly ProcessFigures[]>;
  /** How the server of the store is, or this process's part. Asked for reports, some times a minute. */
  health?(): MaybePromise<StoreHealth>;
  /** How much of what is there now; where it cannot be counted, estimated from a sample. Asked for reports. */
  holdings?(): MaybePromise<readonly Holding[]>;
  /** Tells `onSettled`, until the signal is given, the key of each lease that ends while others wait for it. Messages may be lost. */
  watch?(onSettled: (key: string) => void, until?: AbortSignal): void;
  /**
   * Tells `listener` of what is invalidated, by any cache that has this very object: copies of others must not outlive it. For
   * a store in this process, where there is no log to be read. A cache that is closed gives the signal, and is told no more.
   */
  onInvalidated?(listener: (tags: readonly string[] | 'all') => void, until?: AbortSignal): void;
  /** Resolves if an invalidation could be applied now, as far as one can tell. Absent: it always can. */
  confirm?(): Promise<void>;
  /** True while the store cannot be reached and every operation is refused at once. Absent: it never is. */
  isAway?(): boolean;
  /** True while a part of it cannot be reached, so that some invalidations cannot be applied. Absent: as `isAway`. */
  isPartlyAway?(): boolean;
  close(): MaybePromise<void>;
}
