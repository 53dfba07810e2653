import { createHash } from 'node:crypto';

const DIGITS_SHOWN = 6;

/**
 * Finds parts of variants, such as `|tenant=acme`, in keys. `name` is one of the declared names; the value is as it is in
 * keys, where neither a bar nor `@` can stand.
 */
function partsOf(names: readonly string[]): RegExp {
  return new RegExp(String.raw`\|(${names.join('|')})=([^|@]*)`, 'g');
}

/** A key as evidence shows it: values may be personal, so they are told apart and not told, `|tenant=#a1b2c3`. */
export function shownKeys(names: readonly string[]): (key: string) => string {
  if (names.length === 0) return (key) => key;
  const parts = partsOf(names);
  return (key) => key.replace(parts, (_, name: string, value: string) => `|${name}=#${shortHash(value)}`);
}

/** The row of a variant's key: the key without its variant. Undefined for what is the key of no variant. */
export function rowsOfVariants(names: readonly string[]): (key: string) => string | undefined {
  if (names.length === 0) return () => undefined;
  const parts = partsOf(names);
  return (key) => {
    const row = key.replace(parts, '');
    return row === key ? undefined : row;
  };
}

function shortHash(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, DIGITS_SHOWN);
}
