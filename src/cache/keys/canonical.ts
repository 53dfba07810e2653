import { UnkeyableValue } from './unkeyable-value.js';

const BARE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_DEPTH = 64;

/**
 * One text per value: two values share it if and only if they are deep-equal. `1`, `"1"`, `1n`, `-0`, null,
 * undefined, `[]` and `{}` all differ; the order of an object's fields does not matter.
 * @throws UnkeyableValue for functions, symbols, promises, class instances and structures deeper than 64.
 */
export function canonical(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : canonicalObject(value, depth);
    case 'function':
    case 'symbol':
      throw new UnkeyableValue(`a ${typeof value}`);
  }
}

function canonicalObject(value: object, depth: number): string {
  if (depth >= MAX_DEPTH) throw new UnkeyableValue(`a structure deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => canonical(item, depth + 1)).join(',')}]`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Uint8Array) return `Bytes(${Buffer.from(value).toString('hex')})`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new UnkeyableValue('an instance of a class');
  }
  return `{${canonicalFields(value, depth + 1)}}`;
}

/** The fields of an object in sorted order: `first:10,text:"x"`. */
export function canonicalFields(value: object, depth = 0): string {
  let text = '';
  const fields = Object.entries(value);
  if (fields.length > 1) fields.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, item] of fields) {
    if (text !== '') text += ',';
    text += `${BARE_NAME.test(name) ? name : JSON.stringify(name)}:${canonical(item, depth)}`;
  }
  return text;
}
