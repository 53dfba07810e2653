import type { Component } from '../keys/component.js';
import type { Template } from '../keys/template.js';
import type { FieldSite } from './field-site.js';

/**
 * How the values of a key's placeholders are written, where that differs from how they are in tags. An origin is asked by the
 * text of an id, so for READ_THROUGH, and for what is written for it, `1` and `"1"` are one.
 */
export function placeholderComponents(
  site: FieldSite,
  key: Template | undefined,
  pattern?: string,
): readonly Component[] {
  if (key === undefined || pattern === 'READ_THROUGH') return [];
  return key.placeholders.map(({ root, path }) => site.componentAt(root, path));
}
