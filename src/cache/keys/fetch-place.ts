import { withMeetingTags } from './meeting-tag.js';
import { shortenKey, shortenText } from './shorten-key.js';
import type { Variant } from './variant.js';
import { variantPlace, type VariantPlace } from './variant-place.js';

const BARS = /\|/g;

/**
 * Where an entry of `cache.fetch` is. Its key is any text, and could look like that of a variant, or like one that was cut:
 * bars in it are doubled where the first could be, and it is cut itself where the second could, so that no text can name the
 * entry of another. What it is then called is no text that anybody writes, so the text itself is a tag.
 */
export function fetchPlace(
  { key, tags, variant }: { key: string; tags: readonly string[]; variant: Variant | undefined },
  looksVaried: (key: string) => boolean,
): VariantPlace {
  const isPlain = variant === undefined && !looksVaried(key);
  const row = shortenText(isPlain ? key : key.replace(BARS, '||'));
  const named = withMeetingTags([key, ...tags]).map(shortenKey);
  return variantPlace({ row, tags: named[0] === row ? named.slice(1) : named, variant });
}
