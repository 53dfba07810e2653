import type { CacheLog } from '../log.js';
import type { MaybePromise } from '../maybe-promise.js';

/** A write that was accepted and is not in the database yet. */
export interface PendingWrite {
  /** The entry that it writes; of several writes of one key only the latest is kept. */
  readonly key: string;
  /** Microseconds since 1970, raised where needed: the later of two writes of one key always has the higher one. */
  readonly seq: number;
  /** What was accepted, as `encodeRecord` wrote it. */
  readonly record: Uint8Array;
}

/** A write that a flusher is about to flush. */
export interface ClaimedWrite extends PendingWrite {
  /** How often it was tried in vain. */
  readonly attempts: number;
}

/** A write that the database refuses for good. */
export interface BuriedWrite extends ClaimedWrite {
  readonly error: string;
  readonly buriedAtMs: number;
}

/** Names a write; when a later one of the same key has come meanwhile, it is that one which stays. */
export type WriteName = Pick<PendingWrite, 'key' | 'seq'>;

/**
 * `full`: there is no room for another key, and the number is the write's own all the same. `unconfirmed`: it was
 * accepted, and fewer replicas than asked for have said so.
 */
export interface Accepted {
  readonly outcome: 'accepted' | 'full' | 'unconfirmed';
  readonly seq: number;
}

export interface JournalSize {
  readonly pending: number;
  readonly dead: number;
  /** Milliseconds by which the oldest one is overdue; 0 where none is. */
  readonly overdueMs: number;
}

/**
 * Why accepted writes may be missing from a journal, or what is in it older than the database. `away`: it cannot be asked any
 * more. `moved`: another run of its server answers, which may have older data. `robbed`: what was pending is gone.
 */
export interface Doubt {
  readonly why: 'away' | 'moved' | 'robbed';
  /** The part of the journal that it is about; missing: the first, which is all of a journal without parts. */
  readonly part?: number;
  /** Writes with a higher number were accepted since, and are beyond doubt. */
  readonly sinceSeq: number;
  /** How many writes were pending when that was last seen; 0 where it is not known. */
  readonly held: number;
}

export interface JournalOpenOptions {
  readonly log: CacheLog;
  /** Called as soon as the journal notices it, and before it can be asked again. */
  readonly onDoubt?: (doubt: Doubt) => void;
}

/** What is wanted of a journal's claim. */
export interface ClaimRequest {
  readonly limit: number;
  /** Milliseconds for which no other process gets them. */
  readonly forMs: number;
  /**
   * Where anything is due, what is due within this many milliseconds is taken too, unless it has failed before. Missing:
   * nothing more.
   */
  readonly aheadMs?: number;
  /** Whether to take what is not due too. */
  readonly all?: boolean;
  /**
   * The most milliseconds for which anything is put off: what lies further ahead was put off by a clock that has been set
   * back since, and is due. Missing: not looked at.
   */
  readonly longestMs?: number;
  /**
   * Told of each part of which more may be left than was taken: it had more, or could not be asked, and why. Journals without
   * parts need not tell it.
   */
  readonly onLeft?: (part: number, error?: unknown) => void;
}

/** What of a journal fails alone, numbered from 0: each part has a time of its own, and the numbers of its writes come from that. */
export interface JournalParts {
  readonly count: number;
  /** The part that a key lies in; the same in every process. */
  of(key: string): number;
}

/**
 * Accepted writes that the database does not have yet. One contract, two journals, one contract suite
 * (`journalContract` in `testing/`). Every operation is safe when it runs late or twice.
 */
export interface Journal {
  /** `memory` or `redis`. */
  readonly name: string;
  /** What an acknowledged write survives, and what not, as a sentence. */
  readonly survives: string;
  /** True where accepting a write also ends the life of its key in the store, in the same step. */
  readonly endsGenerations: boolean;
  /** Missing: it is one, and all of it is away or none. */
  readonly parts?: JournalParts;
  /** Connects. A journal that is away is no error; one that is weaker than declared is a CacheError. */
  open?(options: JournalOpenOptions): Promise<void>;
  /** True while it cannot be asked for anything, or nothing in this part. */
  isAway(part?: number): boolean;
  /** False while nothing can be accepted (in this part): it is away, or keeps less than declared. What it has is read and flushed. */
  mayAccept(part?: number): boolean;
  /**
   * Takes a write, to be flushed after a while. A key that is pending already always has room. A dead letter of the key
   * ends with it: it is older, so replaying it could do nothing.
   */
  accept(write: { key: string; record: Uint8Array; delayMs: number }): MaybePromise<Accepted>;
  /** A number above those of all writes (of this part) that were accepted by this process, or may still be. */
  laterSeq(part?: number): number;
  /** Milliseconds until whatever is accepted (in this part) from then on, by any process, has a higher number than this one. */
  passedInMs(seq: number, part?: number): number;
  /** What is pending for each key. Rejects where the part of any of them cannot be asked. */
  pending(keys: readonly string[]): MaybePromise<readonly (PendingWrite | undefined)[]>;
  /** Takes what is due, oldest first, or with `all` whatever there is; no other process gets it for `forMs` milliseconds. */
  claim(request: ClaimRequest): MaybePromise<readonly ClaimedWrite[]>;
  /** The database has these. A later write of a key, which came meanwhile, is due after `laterAfterMs` milliseconds; default 0. */
  settle(writes: readonly WriteName[], laterAfterMs?: number): MaybePromise<void>;
  /** The database has these, which went past the journal: what is older of their keys is dropped, dead letters too. */
  supersede(writes: readonly WriteName[]): MaybePromise<void>;
  /** They could not be flushed: once more after `afterMs` milliseconds. */
  retry(writes: readonly WriteName[], afterMs: number): MaybePromise<void>;
  /** The database will never take this one: it goes to the dead letters. */
  bury(write: BuriedWrite): MaybePromise<void>;
  deadLetters(): MaybePromise<readonly BuriedWrite[]>;
  /** Makes a dead letter pending again, unless a later write of its key is; with the number it had. */
  replay(key: string): MaybePromise<'replayed' | 'superseded' | 'unknown'>;
  /**
   * Writes down again what the journal has lost, with the numbers it had, due at once; a later write of a key, or a letter,
   * stays. Answers with how many were missing. Only journals outside of the process can lose anything, and have it.
   */
  restore?(writes: readonly PendingWrite[]): MaybePromise<number>;
  size(): MaybePromise<JournalSize>;
  close(): MaybePromise<void>;
}

/** Keys that may be pending at most, before writes of others go straight to the database. */
export const MAX_PENDING = 10_000;

/**
 * Dead letters with which writes of further keys are still accepted. With more they go straight to the database, whose refusal
 * their callers see, until letters were replayed or superseded.
 */
export const MAX_DEAD = 10_000;
