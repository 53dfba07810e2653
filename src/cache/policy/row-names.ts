import { canMeet } from '../keys/can-meet.js';
import type { Template } from '../keys/template.js';
import { namespaceOfTemplate } from '../keys/namespace.js';

/** A key or a tag of a field, and the names of `varyTags` by which the field varies. */
export interface RowTemplate {
  readonly template: Template;
  readonly rowNames: readonly string[];
}

/**
 * The names of `varyTags` that a mutation adds to a tag: those by which all entries vary that the tag can mean. Where they
 * differ, or one of them is the same for all, the tag is named without, and reaches the rows of all.
 */
export function rowNamesOf(
  tag: Template,
  { rows, fetches }: { rows: readonly RowTemplate[]; fetches: readonly string[] },
): readonly string[] {
  if (fetches.includes(namespaceOfTemplate(tag))) return [];
  const [first, ...more] = rows.filter(({ template }) => canMeet(template, tag));
  if (first === undefined) return [];
  const names = first.rowNames.join(' ');
  return more.every(({ rowNames }) => rowNames.join(' ') === names) ? first.rowNames : [];
}
