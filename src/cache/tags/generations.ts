/**
 * True while an entry's stamped generations are the present ones. This comparison, and nothing else, keeps a late
 * fill harmless: an entry computed before an invalidation carries a generation that is no more.
 * The entry's own key (first of `stamped`) needs none on a hit: its invalidation deletes the entry, its fill checks.
 */
export function generationsMatch(
  stamped: readonly string[],
  presentOfTags: readonly (string | undefined)[],
): boolean {
  if (stamped.length !== presentOfTags.length + 1) return false;
  for (let index = 0; index < presentOfTags.length; index += 1) {
    if (presentOfTags[index] !== stamped[index + 1]) return false;
  }
  return true;
}
