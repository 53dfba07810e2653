import { hintOf } from '../nearest-name.js';
import { namespaceIn, type ReadNamespaces } from './read-namespaces.js';

/** Why no entry of a schema can depend on a tag, as a sentence; undefined where one may. */
export function unknownTag(
  tag: string,
  { whole, beginnings, ofDefaultKeys }: ReadNamespaces,
): string | undefined {
  if (ofDefaultKeys.has(tag))
    return (
      `${tag} names a field and no entry: the keys of this field have its arguments, such as ${tag}(first:10), or ` +
      `${tag}() without any, and below another object its id, ${tag}:5(). Evidence and explain show them.`
    );
  const namespace = namespaceIn(tag);
  // Behind a whole key may stand what it varies by, and the viewer.
  const bare = /^[^|@]*/.exec(namespace)?.[0] ?? '';
  if (whole.has(namespace) || whole.has(bare)) return undefined;
  if (beginnings.some((beginning) => namespace.startsWith(beginning))) return undefined;
  const hint = hintOf(namespace, [...whole].sort());
  return (
    `No entry depends on the tag ${tag}: no key and no tag of a field begins with ${namespace}` +
    `${hint === undefined ? '' : ` (${hint})`}.`
  );
}
