import type { AnswerHint } from '../codec/entry.js';
import type { CopyValue } from '../codec/copy-value.js';
import type { Freeze } from '../codec/freeze-value.js';
import type { EntryAddress } from '../store/store.js';
import type { LiveCounters } from '../metrics/field-counters.js';

/** How long one field's entries live; milliseconds throughout. */
export interface Lifetime {
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  /** The longest stale window past `ttlMs`, of what is no null: what swr and staleIfError may still need. */
  readonly staleMs: number;
  readonly localMs: number;
  readonly maxBytes: number;
}

/** Expiries are spread over this share of the ttl, always earlier, so that what was loaded together does not expire together. */
const TTL_JITTER = 0.1;

/** How long an entry of this value is fresh; `random` between 0 and 1, 1 excluded. */
export function freshMsOf(lifetime: Lifetime, value: unknown, random: number): number {
  const ttlMs = isNull(value) ? lifetime.negativeTtlMs : lifetime.ttlMs;
  return Math.max(1, Math.round(ttlMs * (1 - TTL_JITTER * random)));
}

/** The shortest that it may be. */
export function shortestFreshMs(lifetime: Lifetime, value: unknown): number {
  return freshMsOf(lifetime, value, 1);
}

/** How long it may answer past that. A null never does: it stands for what may be made at any time. */
export function staleMsOf({ staleMs }: Lifetime, value: unknown): number {
  return isNull(value) ? 0 : staleMs;
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** The field that reads or fills: how long its entries may live, and where what happens is counted. */
export interface EntryField {
  /** For what is told of it. */
  readonly coordinate?: string;
  readonly lifetime: Lifetime;
  readonly counters: LiveCounters;
  /** True where all viewers share the entries: then a process may keep copies that it proves unchanged. */
  readonly isShared?: boolean;
  /** PRIVATE fields: whether a key without its variant holds this viewer, where it should. Others are refused, wherever they were made. */
  readonly holdsViewer?: ((key: string, viewer: string) => boolean) | undefined;
}

/** Where an entry of a field is. */
export interface FieldAddress extends EntryAddress {
  /** PRIVATE fields: whose entry it is, as text in the key. */
  readonly viewer?: string | undefined;
  /** The key without its variant, where a part of that belongs to the row; otherwise it is the row, or the key. */
  readonly unvaried?: string | undefined;
}

/** An entry found under present generations. Fresh ones share one object for all their hits. */
export interface Found {
  /** All readers of the entry share it; what a reader is given is `valueOf(found)`. */
  readonly value: unknown;
  /** Makes a value of the reader's own; undefined where it cannot be changed. */
  readonly copy?: CopyValue | undefined;
  /** What the load said to caches of whole answers. */
  readonly hint?: AnswerHint | undefined;
  /** Under which it was loaded: as long as they are the present ones, nothing that it depends on was invalidated. Copies have none. */
  readonly generations?: readonly string[] | undefined;
  readonly loadedAtMs: number;
  readonly loadMs: number;
  /** 0 while the entry is fresh. */
  readonly staleForMs: number;
  /** True where it is fresh, and this read should have it refreshed. */
  readonly isDue: boolean;
  /** True where it may have been superseded unseen: it answers only within `staleIfError`, when its load fails. */
  readonly isUnsure?: boolean;
  readonly tier: string;
  /** Of an entry: how long it is fresh after its load. */
  readonly freshForMs?: number;
  /** Of a copy: when it ends. */
  readonly untilMs?: number;
  /** What tried last to freeze the value, and whether it is frozen since. */
  frozenBy?: Freeze | undefined;
  isFrozen?: boolean;
}

/** The value as one reader gets it: what this reader does to it, no other sees. */
export function valueOf({ value, copy }: Pick<Found, 'value' | 'copy'>): unknown {
  return copy === undefined ? value : copy(value);
}

/** The same for readers who reach nothing but what `freeze` freezes: they share one value. */
export function frozenValueOf(found: Found, freeze: Freeze): unknown {
  if (found.frozenBy !== freeze) {
    found.frozenBy = freeze;
    found.isFrozen = freeze(found.value);
  }
  return found.isFrozen === true ? found.value : valueOf(found);
}
