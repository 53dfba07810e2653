import type { Template } from '../keys/template.js';

/** `Movie` of `Movie:{args.id}` and of `Movie`. */
export function firstPart({ literals: [before = ''] }: Template): string {
  return before.split(':')[0] ?? '';
}
