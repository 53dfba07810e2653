import type { Variant } from './variant.js';

/** Where a variant of a row is, as stores name it. */
export interface VariantPlace {
  readonly key: string;
  readonly row: string | undefined;
  readonly tags: readonly string[];
}

export interface PlaceParts {
  /** The key without its variant. */
  readonly row: string;
  /** What else the entry depends on, as everybody names it. */
  readonly tags: readonly string[];
  /** Undefined for entries that do not vary. */
  readonly variant: Variant | undefined;
  /** The tag of its viewer, where it is one viewer's own. */
  readonly owned?: readonly string[] | undefined;
}

const NONE: readonly string[] = Object.freeze([]);

/**
 * Where the entry of a row is in this variant. Its own generation is that of the row, so that a tag that names the row reaches
 * all variants; tags for each name, and for the viewer, clear everything of one value. Where rows belong to a tenant, those
 * who name the tenant reach its rows only, and those who do not reach the rows of all.
 */
export function variantPlace({ row, tags, variant, owned = NONE }: PlaceParts): VariantPlace {
  if (variant === undefined) return { key: row, row: undefined, tags: joined(tags, owned) };
  const key = row + variant.text;
  const { rowText } = variant;
  if (rowText === '') return { key, row, tags: joined(joined(tags, variant.tags), owned) };
  const ofRow = tags.map((tag) => tag + rowText);
  return { key, row: row + rowText, tags: [row, ...tags, ...ofRow, ...variant.tags, ...owned] };
}

/** Mostly there is nothing to join, and nothing is allocated. */
function joined(some: readonly string[], more: readonly string[]): readonly string[] {
  if (more.length === 0) return some;
  return some.length === 0 ? more : [...some, ...more];
}
