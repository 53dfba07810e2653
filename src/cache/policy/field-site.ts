import type { Component } from '../keys/component.js';
import type { PlaceholderRoot } from '../keys/template.js';

/** Whether a path of argument, parent or result fields leads to a leaf, to an object with fields, or to a list. */
export type Reached = 'value' | 'object' | 'list';

/** Where a directive stands, in plain words: the policy compiler does not know GraphQL. */
export interface FieldSite {
  readonly coordinate: string;
  readonly kind: 'query' | 'mutation' | 'subscription' | 'object' | 'interface';
  /** The field's type without its outer `!`: `Movie`, `[Movie!]`. */
  readonly typeText: string;
  /** The type of one element where the field is a list. */
  readonly elementText: string | undefined;
  readonly hasResolver: boolean;
  readonly parentHasId: boolean;
  /** True where the values of its parent are JSON that no type of the schema has made its own. */
  readonly takesJson?: boolean;
  /** Where a path of the field's arguments leads; undefined where there is no such argument. */
  argumentAt(path: readonly string[]): Reached | undefined;
  /** The same for fields of the parent type. */
  parentAt(path: readonly string[]): Reached | undefined;
  /** The same for fields of the returned type. */
  resultAt(path: readonly string[]): Reached | undefined;
  /**
   * How the value of a placeholder is written in a key. Values of several types, such as those of a custom scalar, differ
   * there: `1` and `"1"`. Those of the viewer are of one.
   */
  componentAt(root: PlaceholderRoot, path: readonly string[]): Component;
  /** What the schema calls the type of such a value, or of each in a list of them; undefined where it does not know it. */
  typeNameAt(root: PlaceholderRoot, path: readonly string[]): string | undefined;
}

/** The arguments of one `@cached`, in the units of the SDL (seconds). */
export interface CachedArguments {
  readonly ttl: number;
  readonly pattern: CachePattern;
  readonly scope: 'PUBLIC' | 'PRIVATE';
  readonly key?: string | null | undefined;
  readonly tags: readonly string[];
  readonly vary?: readonly string[] | undefined;
  readonly sameFor?: readonly string[] | undefined;
  readonly swr: number;
  readonly staleIfError: number;
  readonly softTimeoutMs?: number | null | undefined;
  readonly negativeTtl?: number | null | undefined;
  readonly refreshEvery?: number | null | undefined;
  readonly local: number;
  readonly maxBytes: number;
}

export type CachePattern =
  'CACHE_ASIDE' | 'READ_THROUGH' | 'WRITE_THROUGH' | 'WRITE_BEHIND' | 'PREFETCH' | 'HYBRID';
