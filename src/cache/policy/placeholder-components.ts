import { keyComponent, type Component } from '../keys/component.js';
import type { Template } from '../keys/template.js';
import type { FieldSite } from './field-site.js';

export interface KeyOfField {
  readonly pattern?: string;
  /** Whether the namespace of the key is written behind. */
  readonly isWrittenBehind: boolean;
}

/**
 * How the values of a key's placeholders are written, where that differs from how they are in tags. An origin is asked by the
 * text of an id, and told by the text of a key what to write, so for READ_THROUGH, for what is written for it, and for what is written
 * behind, `1` and `"1"` are one: whatever types the fields of one key declare, a read of it finds what is pending. Entries of
 * references tell kinds of JSON apart, as their resolvers may; the journal is asked for them by `pendingKey`.
 */
export function placeholderComponents(
  site: FieldSite,
  key: Template | undefined,
  { pattern, isWrittenBehind }: KeyOfField,
): readonly Component[] {
  if (key === undefined || pattern === 'READ_THROUGH') return [];
  const isByText = isWrittenBehind && site.takesJson !== true;
  return key.placeholders.map(({ root, path }) => (isByText ? keyComponent : site.componentAt(root, path)));
}
