/** Most texts that are remembered. */
const REMEMBERED = 1000;

let young = new Map<string, string>();
let old = new Map<string, string>();

/**
 * The same text as one object, where it was seen lately: many entries are stamped with the generation of a tag that they
 * share, and texts that are the same object are compared without being read.
 */
export function sharedText(text: string): string {
  const known = young.get(text);
  if (known !== undefined) return known;
  const shared = old.get(text) ?? text;
  young.set(shared, shared);
  if (young.size >= REMEMBERED / 2) {
    old = young;
    young = new Map();
  }
  return shared;
}
