import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Trace } from '../metrics/trace.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { EntryAddress, Store } from '../store/store.js';
import type { Decoded } from './decoded-entries.js';
import type { EntryField } from './entry-field.js';
import { FollowedLog } from './followed-log.js';

export interface ProcessCopiesOptions {
  readonly store: Store;
  /** For fields with `local` seconds: they answer for so long without a question. */
  readonly local: LocalCopies;
  /** For what all viewers share: proven unchanged before they answer. Undefined where there shall be none. */
  readonly proven: LocalCopies | undefined;
  /** Whole answers that were made of entries, proven unchanged as well. Undefined where there shall be none. */
  readonly answers: LocalCopies | undefined;
  /** When a copy of a fresh entry must end. */
  readonly copiesEndAtMs: (entry: Decoded) => number;
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
  /** Given when the cache is closed. */
  readonly until: AbortSignal;
}

/** Whether whole answers can be proven unchanged before they are given: by a log, or as all that is invalidated is so in this process. */
export function canKeepAnswers({ isLocal, readLog }: Pick<Store, 'isLocal' | 'readLog'>): boolean {
  return isLocal || readLog !== undefined;
}

/** How much had been forgotten when a read began: what it brings is kept only if it was not touched since. */
export interface Mark {
  readonly local: number;
  readonly proven: number;
  readonly answers: number;
}

/** The copies that this process keeps in front of the store, and which of them may answer whom. */
export class ProcessCopies {
  readonly #local: LocalCopies;
  readonly #proven: LocalCopies | undefined;
  readonly #answers: LocalCopies | undefined;
  /** Undefined where the store is in this process: then what was invalidated is forgotten at once. */
  readonly #log: FollowedLog | undefined;
  readonly #copiesEndAtMs: ProcessCopiesOptions['copiesEndAtMs'];

  constructor({ store, local, proven, answers, copiesEndAtMs, onStoreTrouble, until }: ProcessCopiesOptions) {
    this.#local = local;
    this.#copiesEndAtMs = copiesEndAtMs;
    const readLog = store.readLog?.bind(store);
    this.#proven = readLog && proven;
    this.#answers = canKeepAnswers(store) ? answers : undefined;
    store.onInvalidated?.((tags) => {
      if (tags === 'all') this.#answers?.clear();
      else this.#answers?.forget(tags);
    }, until);
    const copies = [this.#proven, this.#answers].filter((one) => one !== undefined);
    if (readLog !== undefined && copies.length > 0)
      this.#log = new FollowedLog({ copies, readLog, onStoreTrouble });
  }

  /** Whether copies of such entries are kept at all. */
  areKept({ lifetime, isShared }: EntryField): boolean {
    return lifetime.localMs > 0 || (isShared === true && this.#proven !== undefined);
  }

  /** Copies that may answer now, or once they are proven to be unchanged; undefined where the store must be asked. */
  for(
    { lifetime, isShared }: EntryField,
    request: object | undefined,
    trace: Trace | undefined,
  ): MaybePromise<LocalCopies | undefined> {
    if (lifetime.localMs > 0) return this.#local;
    const proven = this.#proven;
    if (proven === undefined || this.#log === undefined || isShared !== true) return undefined;
    const isProven = this.#log.prove(request, trace);
    if (!isPromise(isProven)) return isProven ? proven : undefined;
    return isProven.then((is) => (is ? proven : undefined));
  }

  mark(): Mark {
    return {
      local: this.#local.forgotten,
      proven: this.#proven?.forgotten ?? 0,
      answers: this.#answers?.forgotten ?? 0,
    };
  }

  /** Whether no invalidation of this process has touched an entry since then. */
  isUntouchedSince({ local }: Mark, address: EntryAddress): boolean {
    return this.#local.isUntouchedSince(local, address);
  }

  /** Keeps a copy of what was read, unless it was invalidated since the read began. */
  keep(
    { lifetime, isShared, coordinate: owner }: EntryField,
    address: EntryAddress,
    { entry, mark, nowMs }: { entry: Decoded; mark: Mark; nowMs: number },
  ): void {
    // From then on reads decide whether the entry is refreshed.
    const keptUntilMs = this.#copiesEndAtMs(entry);
    if (keptUntilMs <= nowMs) return;
    const valueBytes = entry.heapBytes;
    if (lifetime.localMs > 0) {
      const untilMs = Math.min(nowMs + lifetime.localMs, keptUntilMs);
      if (this.#local.isUntouchedSince(mark.local, address)) {
        this.#local.keep(address, entry, { valueBytes, keptAtMs: nowMs, untilMs, owner });
      }
    } else if (isShared === true && this.#proven !== undefined && this.#log?.isFollowing === true) {
      if (this.#proven.isUntouchedSince(mark.proven, address)) {
        this.#proven.keep(address, entry, { valueBytes, keptAtMs: nowMs, untilMs: keptUntilMs, owner });
      }
    }
  }

  /** The answers that are kept; undefined where none are. What is found among them must be proven to be unchanged. */
  get answers(): LocalCopies | undefined {
    return this.#answers;
  }

  /** True once an answer that was kept before this call may be given; false while the log cannot be read. */
  proveAnswers(): MaybePromise<boolean> {
    return this.#log?.prove(undefined, undefined) ?? true;
  }

  /** Whether answers may be kept: while the log is not followed, they would not be dropped. */
  get areAnswersDropped(): boolean {
    return this.#log?.isFollowing ?? true;
  }

  /** Drops every copy that depends on one of these tags. */
  forget(tags: readonly string[]): void {
    this.#local.forget(tags);
    this.#proven?.forget(tags);
    this.#answers?.forget(tags);
  }

  clear(): void {
    this.#local.clear();
    this.#proven?.clear();
    this.#answers?.clear();
  }

  /** A request that wrote must prove its copies again. */
  unprove(request: object | undefined): void {
    this.#log?.unprove(request);
  }
}
