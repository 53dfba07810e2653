import { fillTemplate, valueOf, type Template, type TemplateInputs } from '../keys/template.js';

/** The texts of a tag template: one, or one per element where a placeholder holds a list. Written as keys are. */
export function renderTag(template: Template, inputs: TemplateInputs): readonly string[] {
  const values = template.placeholders.map((placeholder) => valueOf(placeholder, inputs));
  const listAt = values.findIndex(Array.isArray);
  const list: unknown = values[listAt];
  if (!Array.isArray(list)) return [fillTemplate(template, values)];
  return list.map((item: unknown) => fillTemplate(template, values.with(listAt, item)));
}
