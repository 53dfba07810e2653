import { meetingTag } from '../keys/meeting-tag.js';
import { shortenKey } from '../keys/shorten-key.js';
import { joinTemplate, valueOf, type Template, type TemplateInputs } from '../keys/template.js';

/** The texts of a tag template: one, or one per element where a placeholder holds a list. Written as rows are. */
export function renderTag(template: Template, inputs: TemplateInputs): readonly string[] {
  const values = template.placeholders.map((placeholder) => valueOf(placeholder, inputs));
  const listAt = values.findIndex(Array.isArray);
  const list: unknown = values[listAt];
  if (!Array.isArray(list)) return [tagOf(template, values)];
  return list.map((item: unknown) => tagOf(template, values.with(listAt, item)));
}

/** One tag, as everybody writes it who means the same row. */
export function tagOf(template: Template, values: readonly unknown[]): string {
  return shortenKey(meetingTag(joinTemplate(template, values)));
}
