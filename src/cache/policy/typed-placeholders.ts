import type { Template } from '../keys/template.js';
import type { FieldSite } from './field-site.js';

/**
 * At which placeholders of a key values of several types can stand, which then name different entries. An origin is asked
 * by the text of an id, so for READ_THROUGH, and for what is written for it, `1` and `"1"` are one.
 */
export function typedPlaceholders(
  site: FieldSite,
  key: Template | undefined,
  pattern?: string,
): readonly boolean[] {
  if (key === undefined || pattern === 'READ_THROUGH') return [];
  return key.placeholders.map(({ root, path }) => site.takesSeveralTypes(root, path));
}
