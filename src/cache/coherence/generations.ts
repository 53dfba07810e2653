/**
 * True while an entry's stamped generations are the present ones: of its key, of its tags, and those that the store
 * adds. This comparison, and nothing else, keeps a late fill harmless: an entry computed before an invalidation
 * carries a generation that is no more.
 */
export function generationsMatch(
  stamped: readonly string[],
  present: readonly (string | undefined)[],
): boolean {
  if (stamped.length !== present.length) return false;
  for (let index = 0; index < present.length; index += 1) {
    if (present[index] !== stamped[index]) return false;
  }
  return true;
}
