import { fillTemplate, valueOf, type Template, type TemplateInputs } from '../keys/template.js';

/** Most tags of one entry. */
export const MAX_TAGS = 32;

/** The texts of a tag template: one, or one per element where a placeholder holds a list. Absent counts as null. */
export function renderTag(template: Template, inputs: TemplateInputs): readonly string[] {
  const values = template.placeholders.map((placeholder) => valueOf(placeholder, inputs) ?? null);
  const listAt = values.findIndex(Array.isArray);
  const list: unknown = values[listAt];
  if (!Array.isArray(list)) return [fillTemplate(template, values)];
  return list.map((item: unknown) => fillTemplate(template, values.with(listAt, item ?? null)));
}
