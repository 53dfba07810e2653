import { createHash } from 'node:crypto';
import { cutAt } from './shorten-key.js';

const DIGITS_SHOWN = 6;

/** Of a value as it is in keys: see `escapeComponent`. */
const CHARACTER = String.raw`[^\0-\x20"#()*,/:;<=>?@[\\\]^${'`'}{|}\x7f]`;

/** What looks like a part of a variant, such as `|tenant=acme`, anywhere in a text. `names` are declared ones. */
function partsOf(names: readonly string[]): RegExp {
  return new RegExp(String.raw`\|(${names.join('|')})=(${CHARACTER}*)`, 'g');
}

/** Whether a text could be the key of a variant, or could be taken for one. */
export function mayNameVariants(names: readonly string[]): (text: string) => boolean {
  if (names.length === 0) return () => false;
  const part = new RegExp(String.raw`\|(?:${names.join('|')})=`);
  return (text) => part.test(text);
}

/**
 * Where the variant of a key begins; its length where it has none. Arguments of a default key may look like parts of a variant,
 * but those reach the end of the key; so may what is left of arguments that were cut, and the texts of `cache.fetch`, whose
 * bars are doubled.
 */
function variantAt(names: readonly string[]): (key: string) => number {
  const parts = String.raw`(?:\|(?:${names.join('|')})=${CHARACTER}*)+$`;
  const ending = new RegExp(String.raw`(?<=(?:^|[^|])(?:\|\|)*)${parts}`);
  return (key) => {
    const from = cutAt(key);
    const at = key.slice(from).search(ending);
    return at < 0 ? key.length : from + at;
  };
}

/** A key as evidence shows it: values may be personal, so they are told apart and not told, `|tenant=#a1b2c3`. */
export function shownKeys(names: readonly string[]): (key: string) => string {
  if (names.length === 0) return (key) => key;
  const shown = shownTags(names);
  const startOf = variantAt(names);
  return (key) => {
    const at = startOf(key);
    return key.slice(0, at) + shown(key.slice(at));
  };
}

/** The same for tags of templates, of which no other part can hold a bar. There may be several, with spaces between them. */
export function shownTags(names: readonly string[]): (tags: string) => string {
  if (names.length === 0) return (tags) => tags;
  const parts = partsOf(names);
  return (tags) => tags.replace(parts, (_, name: string, value: string) => `|${name}=#${shortHash(value)}`);
}

/** The row of a variant's key: the key without its variant. Undefined for what is the key of no variant. */
export function rowsOfVariants(names: readonly string[]): (key: string) => string | undefined {
  if (names.length === 0) return () => undefined;
  const startOf = variantAt(names);
  return (key) => {
    const at = startOf(key);
    return at === key.length || at === 0 ? undefined : key.slice(0, at);
  };
}

function shortHash(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, DIGITS_SHOWN);
}
