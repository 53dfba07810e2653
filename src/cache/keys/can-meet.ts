import type { Template } from './template.js';

/** One part of a key between separators: literal text, with `undefined` where a placeholder stands. */
type Segment = readonly (string | undefined)[];

/**
 * Whether two templates can name the same key: `Movie:{args.id}` and `Movie:top` can, `Movie:{args.id}` and
 * `Person:{args.id}` cannot. Values never contain a separator, so keys are compared part by part. In doubt they can.
 */
export function canMeet(one: Template, other: Template): boolean {
  const left = partsOf(one);
  const right = partsOf(other);
  if (left.separators !== right.separators) return false;
  return left.segments.every((segment, index) => segmentsMeet(segment, right.segments[index] ?? []));
}

function partsOf({ literals, placeholders }: Template): { segments: Segment[]; separators: string } {
  const segments: (string | undefined)[][] = [[]];
  let separators = '';
  literals.forEach((literal, index) => {
    for (const piece of literal.split(/([:/])/)) {
      if (piece === ':' || piece === '/') {
        separators += piece;
        segments.push([]);
      } else if (piece !== '') segments.at(-1)?.push(piece);
    }
    if (index < placeholders.length) segments.at(-1)?.push(undefined);
  });
  return { segments, separators };
}

function segmentsMeet(one: Segment, other: Segment): boolean {
  if (!one.includes(undefined) && !other.includes(undefined)) return one.join('') === other.join('');
  const starts = [prefixOf(one), prefixOf(other)].sort((a, b) => a.length - b.length);
  const ends = [suffixOf(one), suffixOf(other)].sort((a, b) => a.length - b.length);
  const [shortStart = '', longStart = ''] = starts;
  const [shortEnd = '', longEnd = ''] = ends;
  return longStart.startsWith(shortStart) && longEnd.endsWith(shortEnd);
}

/** The literal text before the first placeholder; all of it where there is none. */
function prefixOf(segment: Segment): string {
  const [first] = segment;
  return first ?? '';
}

function suffixOf(segment: Segment): string {
  return segment.at(-1) ?? '';
}
