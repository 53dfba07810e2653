import type { FieldCounters } from '../metrics/field-counters.js';

/** How long one field's entries live; milliseconds throughout. */
export interface Lifetime {
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  /** The longest stale window past `ttlMs`: what swr and staleIfError may still need. */
  readonly staleMs: number;
  readonly localMs: number;
  readonly maxBytes: number;
}

/** The field that reads or fills: how long its entries may live, and where what happens is counted. */
export interface EntryField {
  readonly lifetime: Lifetime;
  readonly counters: FieldCounters;
  /** True where all viewers share the entries: then a process may keep copies that it proves unchanged. */
  readonly isShared?: boolean;
}

/** An entry found under present generations. Fresh ones share one object for all their hits. */
export interface Found {
  readonly value: unknown;
  readonly loadedAtMs: number;
  readonly loadMs: number;
  /** 0 while the entry is fresh. */
  readonly staleForMs: number;
  /** True where it is fresh, and this read should have it refreshed. */
  readonly isDue: boolean;
  readonly tier: string;
}
