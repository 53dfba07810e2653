import { prepareName } from '../accounts/prepare-name.js';
import type { ArgumentCheck } from './argument-checks.js';

/**
 * What has no width, no shape, or turns the direction of what follows: controls, format characters (zero-width blanks,
 * bidirectional marks, tags), separators of lines, private and unassigned code points, fillers, and empty Braille.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Unseen characters that a name needs where they stand: joiners between letters of scripts that are written with them,
 * and what makes one emoji of several characters.
 */
const NEEDED = new RegExp(
  [
    '(?<=[\\p{Script=Arabic}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}\\p{Script=Gujarati}' +
      '\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}\\p{Script=Sinhala}])' +
      '[\\u200c\\u200d](?=\\p{L})',
    '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}]\\ufe0f?)\\u200d(?=\\p{Extended_Pictographic})',
    '(?<=[\\p{Extended_Pictographic}#*0-9])\\ufe0f',
  ].join('|'),
  'gu',
);

/** A display name, `from` to `to` code points long once it is prepared. It shows everything that it is made of. */
export function isName(from: number, to: number): ArgumentCheck {
  return (value) => {
    if (typeof value !== 'string') return lengthFault(from, to);
    // A much longer one is not worth preparing.
    if (value.length > to * 8) return lengthFault(from, to);
    const name = prepareName(value);
    const length = [...name].length;
    if (length < from || length > to) return lengthFault(from, to);
    return UNSEEN.test(name.replace(NEEDED, ''))
      ? 'must not contain characters that are invisible, or that change the direction of the text'
      : undefined;
  };
}

function lengthFault(from: number, to: number): string {
  return `must have ${from} to ${to} characters, and not only blanks`;
}
