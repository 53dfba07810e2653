import type { Component } from './component.js';
import { meetingTag } from './meeting-tag.js';
import { shortenKey } from './shorten-key.js';
import { joinComponents, type Template } from './template.js';

const NONE: readonly string[] = Object.freeze([]);

export interface Filled {
  readonly template: Template;
  readonly values: readonly unknown[];
  /** How each of them is written, where that is not as in tags. */
  readonly components?: readonly Component[] | undefined;
  /** The template with these values, however long it is. */
  readonly text: string;
}

/**
 * The tags under which a filled template meets those who spell its values otherwise; none where the text is the only one. The
 * first is what everybody makes of the whole text, as of that of a trigger or of `cache.invalidate`. Where text stands beside
 * a placeholder, as in `user-{args.id}`, an id cannot be told from it any more: there all who fill a template meet under the
 * values as rows write them, too.
 */
export function meetingTexts({ template, values, components, text }: Filled): readonly string[] {
  const whole = meetingTag(text);
  const asRows = template.hasTextBeside
    ? meetingTag(joinComponents(template, values, { components, write: asRowsWrite }))
    : whole;
  if (whole === text && asRows === text) return NONE;
  return whole === asRows ? [shortenKey(whole)] : [shortenKey(whole), shortenKey(asRows)];
}

function asRowsWrite(component: string): string {
  return meetingTag(`:${component}`).slice(1);
}
