import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Trace } from '../metrics/trace.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { EntryAddress, Store } from '../store/store.js';
import type { Decoded } from './decoded-entries.js';
import type { EntryField } from './entry-field.js';
import { ProvenCopies } from './proven-copies.js';

export interface ProcessCopiesOptions {
  readonly store: Store;
  /** For fields with `local` seconds: they answer for so long without a question. */
  readonly local: LocalCopies;
  /** For what all viewers share: proven unchanged before they answer. Undefined where there shall be none. */
  readonly proven: LocalCopies | undefined;
  /** When a copy of a fresh entry must end. */
  readonly copiesEndAtMs: (entry: Decoded) => number;
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
}

/** How much had been forgotten when a read began: what it brings is kept only if it was not touched since. */
export interface Mark {
  readonly local: number;
  readonly proven: number;
}

/** The copies that this process keeps in front of the store, and which of them may answer whom. */
export class ProcessCopies {
  readonly #local: LocalCopies;
  readonly #proven: ProvenCopies | undefined;
  readonly #copiesEndAtMs: ProcessCopiesOptions['copiesEndAtMs'];

  constructor({ store, local, proven, copiesEndAtMs, onStoreTrouble }: ProcessCopiesOptions) {
    this.#local = local;
    this.#copiesEndAtMs = copiesEndAtMs;
    if (proven === undefined || store.readLog === undefined) return;
    this.#proven = new ProvenCopies({ copies: proven, readLog: store.readLog.bind(store), onStoreTrouble });
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
    if (proven === undefined || isShared !== true) return undefined;
    const isProven = proven.prove(request, trace);
    if (!isPromise(isProven)) return isProven ? proven.copies : undefined;
    return isProven.then((is) => (is ? proven.copies : undefined));
  }

  mark(): Mark {
    return { local: this.#local.forgotten, proven: this.#proven?.copies.forgotten ?? 0 };
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
    } else if (isShared === true && this.#proven?.isFollowing === true) {
      const { copies } = this.#proven;
      if (copies.isUntouchedSince(mark.proven, address)) {
        copies.keep(address, entry, { valueBytes, keptAtMs: nowMs, untilMs: keptUntilMs, owner });
      }
    }
  }

  /** Drops every copy that depends on one of these tags. */
  forget(tags: readonly string[]): void {
    this.#local.forget(tags);
    this.#proven?.copies.forget(tags);
  }

  clear(): void {
    this.#local.clear();
    this.#proven?.copies.clear();
  }

  /** A request that wrote must prove its copies again. */
  unprove(request: object | undefined): void {
    this.#proven?.unprove(request);
  }
}
