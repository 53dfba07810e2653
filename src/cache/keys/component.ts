import { canonical } from './canonical.js';

const CLEAN = /^[A-Za-z0-9_.-]+$/;
// Everything that separates parts of a key, quotes them, or does not survive UTF-8 (lone surrogates).
const FORGEABLE =
  /[\u0000-\u0020"#%()*,/:;<=>?@[\\\]^`{|}~\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Escapes text so that it cannot forge a separator, a marker or another key. Clean ids pass untouched. */
export function escapeComponent(text: string): string {
  if (CLEAN.test(text)) return text;
  return text.replace(FORGEABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x80 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16)}`;
  });
}

/** Makes the text of one placeholder. @throws UnkeyableValue when the value has no canonical text. */
export type Component = (value: unknown) => string;

/**
 * The text of one placeholder whose values can be of several types: `1` and `"1"`, `true` and `"true"` differ.
 * @throws UnkeyableValue when the value has no canonical text.
 */
export function typedComponent(value: unknown): string {
  if (typeof value === 'string') return escapeComponent(value);
  return value === undefined ? '~absent' : `~${escapeComponent(canonical(value))}`;
}

/**
 * The text of one placeholder. A number and the same digits as a string are one id (`1` from a row, `"1"` from an
 * ID argument); everything that is not a scalar is marked with `~`, which no string can forge.
 */
export function keyComponent(value: unknown): string {
  if (typeof value === 'string') return escapeComponent(value);
  // A resolver can tell -0 from 0: 1 / -0 is another number.
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === undefined) return '~absent';
  return `~${escapeComponent(canonical(value))}`;
}

/** The text of one placeholder whose values are declared to be numbers, or true and false: a text that spells one differs from it. */
export function untextedComponent(value: unknown): string {
  return typeof value === 'string' ? `~${escapeComponent(canonical(value))}` : keyComponent(value);
}
