import { meetingTexts } from '../keys/meeting-texts.js';
import { shortenKey } from '../keys/shorten-key.js';
import { joinTemplate, valueOf, type Template, type TemplateInputs } from '../keys/template.js';

/** Deeper lists name no tag. */
export const MAX_LIST_DEPTH = 64;

/**
 * The texts of a tag template: of one tag, or of one per element where a placeholder holds a list, through lists in it. A list may
 * be one value of a scalar as well, and then a key holds all of it.
 */
export function renderTag(template: Template, inputs: TemplateInputs): readonly string[] {
  const values = template.placeholders.map((placeholder) => valueOf(placeholder, inputs));
  const listAt = values.findIndex(Array.isArray);
  if (listAt < 0) return textsOf(template, values);
  const texts = (value: unknown, depth = 0): readonly string[] => {
    const isList = Array.isArray(value) && depth < MAX_LIST_DEPTH;
    const ofElements = isList ? value.flatMap((element: unknown) => texts(element, depth + 1)) : [];
    const isWhole = !isList || depth > 0 || template.leafAt?.[listAt] === true;
    return isWhole ? [...textsOf(template, values.with(listAt, value)), ...ofElements] : ofElements;
  };
  return texts(values[listAt]);
}

/** One tag, as everybody writes it who means the same row. */
export function textsOf(template: Template, values: readonly unknown[]): readonly string[] {
  const text = joinTemplate(template, values);
  const met = meetingTexts({ template, values, text });
  return met.length === 0 ? [shortenKey(text)] : met;
}
