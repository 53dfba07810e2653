import { meetingTexts } from '../keys/meeting-texts.js';
import { shortenKey } from '../keys/shorten-key.js';
import { joinTemplate, valueOf, type Template, type TemplateInputs } from '../keys/template.js';

/** The texts of a tag template: of one tag, or of one per element where a placeholder holds a list. */
export function renderTag(template: Template, inputs: TemplateInputs): readonly string[] {
  const values = template.placeholders.map((placeholder) => valueOf(placeholder, inputs));
  const listAt = values.findIndex(Array.isArray);
  const list: unknown = values[listAt];
  if (!Array.isArray(list)) return textsOf(template, values);
  return list.flatMap((item: unknown) => textsOf(template, values.with(listAt, item)));
}

/** One tag, as everybody writes it who means the same row. */
export function textsOf(template: Template, values: readonly unknown[]): readonly string[] {
  const text = joinTemplate(template, values);
  const met = meetingTexts({ template, values, text });
  return met.length === 0 ? [shortenKey(text)] : met;
}
