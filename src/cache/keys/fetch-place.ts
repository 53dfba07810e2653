import { shortenKey } from './shorten-key.js';
import type { Variant } from './variant.js';
import { variantPlace, type VariantPlace } from './variant-place.js';

const BARS = /\|/g;

/**
 * Where an entry of `cache.fetch` is. Its key is any text, and could look like that of a variant: bars in it are doubled
 * where that could be, so that no text can name the variant of another.
 */
export function fetchPlace(
  { key, tags, variant }: { key: string; tags: readonly string[]; variant: Variant | undefined },
  looksVaried: (key: string) => boolean,
): VariantPlace {
  const named = tags.map(shortenKey);
  if (variant === undefined && !looksVaried(key))
    return { key: shortenKey(key), row: undefined, tags: named };
  if (!key.includes('|')) return variantPlace({ row: shortenKey(key), tags: named, variant });
  const row = shortenKey(key.replace(BARS, '||'));
  return variantPlace({ row, tags: [shortenKey(key), ...named], variant });
}
