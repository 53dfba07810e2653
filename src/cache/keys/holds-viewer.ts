import type { Template } from './template.js';

/** Whether a key without its variant holds this viewer, as text, where it must. */
export type HoldsViewer = (key: string, viewer: string) => boolean;

/** For default keys, which end in their viewer. */
export const endsInViewer: HoldsViewer = (key, viewer) => key.endsWith(`@${viewer}`);

const SEPARATORS = /[:/]/;

/** For the keys of a template with `{viewer.id}`. It looks at the key alone, so it is right wherever that was made. */
export function holdsViewerAt(template: Template): HoldsViewer {
  const at = template.placeholders.findIndex(({ root }) => root === 'viewer');
  const before = template.literals
    .slice(0, at + 1)
    .join('')
    .split(SEPARATORS);
  const [after = ''] = (template.literals[at + 1] ?? '').split(SEPARATORS);
  const start = before.at(-1) ?? '';
  return (key, viewer) => key.split(SEPARATORS)[before.length - 1] === start + viewer + after;
}
