import { BoundedMap, type Bounds } from './bounded-map.js';
import type { AnswerHint } from '../codec/entry.js';
import type { CopyValue } from '../codec/copy-value.js';
import type { Freeze } from '../codec/freeze-value.js';
import { isFromTheFuture } from '../time/clock.js';
import { rowOf, type EntryAddress } from './store.js';

/** A decoded value that this process may answer from without asking the store, for a while. */
export interface LocalCopy {
  readonly value: unknown;
  readonly copy?: CopyValue | undefined;
  readonly hint?: AnswerHint | undefined;
  readonly loadedAtMs: number;
  readonly loadMs: number;
}

/** A copy as its readers find it, the same object each time. */
interface KeptCopy extends LocalCopy {
  readonly keptAtMs: number;
  readonly untilMs: number;
  readonly staleForMs: 0;
  readonly isDue: false;
  readonly tier: 'local';
  frozenBy: Freeze | undefined;
  isFrozen: boolean;
  /** What drops it besides its key. */
  readonly tags: readonly string[];
}

/** How a copy is kept. */
export interface CopyTerms {
  /** Bytes of memory that its value takes. */
  readonly valueBytes: number;
  /** When it was read. */
  readonly keptAtMs: number;
  /** When it ends. */
  readonly untilMs: number;
  /** Whose share it belongs to: the coordinate of its field. */
  readonly owner?: string | undefined;
}

const REMEMBERED_TAGS = 10_000;
const DROPPED_AT_ONCE = 1000;

/** What a copy costs besides its value, and what each of its tags does where no other copy has it; measured. */
const COPY_BYTES = 152;
const TAG_BYTES = 320;

/**
 * The copies one process keeps in front of the store: bounded, and dropped at once by invalidations that this process
 * applies. Other processes' invalidations are noticed when the copy's `local` seconds end.
 */
export class LocalCopies {
  readonly #copies: BoundedMap<KeptCopy>;
  readonly #keysByTag = new Map<string, Set<string>>();
  /** When a tag was last forgotten, as a count; the latest last, and only so many. */
  readonly #forgottenAt = new Map<string, number>();
  #forgotten = 0;
  /** Of what was forgotten before, single tags are not known any more. */
  #knownSince = 0;
  /** When the youngest of all copies was made: none is from the future while this is not. */
  #youngestMs = 0;

  constructor(bounds: Bounds) {
    this.#copies = new BoundedMap(bounds, (key, copy) => this.#unlink(key, copy.tags));
  }

  get size(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#copies.bytes;
  }

  get evictions(): number {
    return this.#copies.evictions;
  }

  /** Rises with every invalidation. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Whether a copy may be kept of what was read when `forgotten` was this: none of its tags was forgotten since. */
  isUntouchedSince(forgotten: number, address: EntryAddress): boolean {
    if (forgotten === this.#forgotten) return true;
    if (forgotten < this.#knownSince) return false;
    const isUntouched = (tag: string): boolean => (this.#forgottenAt.get(tag) ?? 0) <= forgotten;
    return isUntouched(rowOf(address)) && address.tags.every(isUntouched);
  }

  get(address: EntryAddress, nowMs: number): KeptCopy | undefined {
    const copy = this.#find(address, nowMs);
    if (copy === undefined || !isFromTheFuture(this.#youngestMs, nowMs)) return copy;
    // The clock was set back: how long a copy from before has answered is not known, even if its value was loaded long ago.
    return isFromTheFuture(copy.keptAtMs, nowMs) ? undefined : copy;
  }

  /** Addresses that come again remember where the copy is that answers them, so that a hit needs no look-up. */
  #find(address: EntryAddress, nowMs: number): KeptCopy | undefined {
    if (this.#copies.holds(address.slot)) return this.#copies.valueIn(address.slot, nowMs);
    const slot = this.#copies.slotOf(address.key);
    const copy = slot && this.#copies.valueIn(slot, nowMs);
    if (copy === undefined || !isDroppedBy(copy, address.tags)) return undefined;
    if ('slot' in address) address.slot = slot;
    return copy;
  }

  /** False where it is larger than all copies may be together. */
  keep(
    { key, row, tags: named }: EntryAddress,
    { value: content, copy, hint, loadedAtMs, loadMs }: LocalCopy,
    { keptAtMs, untilMs, owner, ...size }: CopyTerms,
  ): boolean {
    const tags = row === undefined ? named : [row, ...named];
    const value: KeptCopy = {
      value: content,
      copy,
      hint,
      loadedAtMs,
      loadMs,
      staleForMs: 0,
      isDue: false,
      keptAtMs,
      untilMs,
      tier: 'local',
      tags,
      frozenBy: undefined,
      isFrozen: false,
    };
    let valueBytes = size.valueBytes + COPY_BYTES;
    for (const tag of tags) valueBytes += TAG_BYTES + tag.length * 2;
    if (!this.#copies.set(key, { value, valueBytes, expiresAtMs: untilMs, owner })) return false;
    this.#youngestMs = Math.max(this.#youngestMs, keptAtMs);
    for (const tag of tags) {
      const keys = this.#keysByTag.get(tag);
      if (keys === undefined) this.#keysByTag.set(tag, new Set([key]));
      else keys.add(key);
    }
    return true;
  }

  /** Drops every copy that depends on one of these tags. */
  forget(tags: readonly string[]): void {
    this.#forgotten += 1;
    for (const tag of tags) {
      this.#remember(tag);
      this.#copies.delete(tag);
      const keys = this.#keysByTag.get(tag);
      if (keys !== undefined) for (const key of [...keys]) this.#copies.delete(key);
    }
  }

  clear(): void {
    this.#forgotten += 1;
    this.#knownSince = this.#forgotten;
    this.#youngestMs = 0;
    this.#forgottenAt.clear();
    this.#copies.clear();
  }

  #remember(tag: string): void {
    this.#forgottenAt.delete(tag);
    this.#forgottenAt.set(tag, this.#forgotten);
    if (this.#forgottenAt.size <= REMEMBERED_TAGS) return;
    // Many at once: to find the oldest of a map is dear after its oldest were deleted one by one.
    let left = DROPPED_AT_ONCE;
    for (const [oldest, at] of this.#forgottenAt) {
      this.#forgottenAt.delete(oldest);
      this.#knownSince = at;
      left -= 1;
      if (left === 0) return;
    }
  }

  #unlink(key: string, tags: readonly string[]): void {
    for (const tag of tags) {
      const keys = this.#keysByTag.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByTag.delete(tag);
    }
  }
}

/** Whether each of these tags drops the copy: it may have been kept for who names the same key with others. */
function isDroppedBy({ tags }: KeptCopy, asked: readonly string[]): boolean {
  return asked.every((tag) => tags.includes(tag));
}
