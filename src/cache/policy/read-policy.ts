import type { TemplateInputs } from '../keys/template.js';
import type { EntryField, FieldAddress } from '../coherence/entry-field.js';
import type { VariantOf } from '../vary/variants.js';

export type CacheScope = 'PUBLIC' | 'PRIVATE';
export type ReadPattern = 'CACHE_ASIDE' | 'READ_THROUGH' | 'PREFETCH';

/** Where a read's entry is, and the id under which an origin knows it. */
export interface Located extends FieldAddress {
  readonly id: string;
  /** Tags under which the row meets other spellings of its key, without a part of a variant. */
  readonly others: readonly string[];
  /** Under which the journal has what is pending of the row, whose key an entry may spell otherwise: with the types of its values. */
  readonly pendingKey: string;
  readonly reason?: undefined;
}

/** Why a read has no entry. Without an `id` an origin cannot be asked either: the answer is null. */
export interface Unlocated {
  readonly reason: string;
  readonly id: string | undefined;
}

/** Everything about one cached field, decided at start-up and frozen. */
export interface ReadPolicy extends EntryField {
  readonly coordinate: string;
  readonly pattern: ReadPattern;
  readonly scope: CacheScope;
  readonly swrMs: number;
  readonly staleIfErrorMs: number;
  /** How long a reader who could have a stale value waits for a load; undefined where it is for its end. */
  readonly softTimeoutMs: number | undefined;
  /** PREFETCH: how old an entry may get before it is refreshed. */
  readonly refreshEveryMs: number | undefined;
  /** The key's template as it was written; empty for default keys. */
  readonly keyText: string;
  /** The namespace of the key, under which an origin is registered; undefined for default keys. */
  readonly namespace: string | undefined;
  /** Those of its key and of its tags. */
  readonly namespaces: readonly string[];
  /** True where the key, a tag or the scope needs the viewer's id. */
  readonly usesViewer: boolean;
  /** What its entries vary by, in the order in which they stand in keys. */
  readonly vary: readonly string[];
  /** A key as evidence shows it. */
  readonly shownKey: (key: string) => string;
  /** Which variant a context has; undefined where the field does not vary. Calls of `locate` are given the answer. */
  readonly variantOf: VariantOf | undefined;
  /** True where its entries are written behind: a load asks the journal before the database. */
  readonly isWrittenBehind: boolean;
  /** The list whose elements are entries of their own; undefined where the field is one entry. */
  readonly elementsOf: ((inputs: TemplateInputs) => readonly unknown[] | undefined) | undefined;
  /** The paths to what a key and tags take from the parent: from parents with the same values they are the same. */
  readonly parentPaths: readonly (readonly string[])[];
  /** Names the entry of a call, or of one element of its list. */
  locate(inputs: TemplateInputs, element?: unknown): Located | Unlocated;
}
