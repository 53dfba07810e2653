import { isPlainDate } from '../codec/fixed-date.js';
import { UnkeyableValue } from './unkeyable-value.js';

const BARE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_DEPTH = 64;

/**
 * One text per value: two values share it if and only if they are deep-equal. `1`, `"1"`, `1n`, `-0`, null,
 * undefined, `[]` and `{}` all differ; the order of an object's fields does not matter.
 * @throws UnkeyableValue for functions, symbols, promises, class instances, subclasses of Date and Array, and structures deeper than 64.
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
  // By its prototype: an instance of a class that extends one of these can hold more than it.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return `{${canonicalFields(value, depth + 1)}}`;
  if (prototype === Array.prototype && Array.isArray(value))
    return `[${Array.from(value, (item) => canonical(item, depth + 1)).join(',')}]`;
  if (isPlainDate(value)) return canonicalDate(value);
  if ((prototype === Buffer.prototype || prototype === Uint8Array.prototype) && value instanceof Uint8Array)
    return `Bytes(${Buffer.from(value).toString('hex')})`;
  throw new UnkeyableValue('an instance of a class');
}

function canonicalDate(date: Date): string {
  if (Reflect.ownKeys(date).length > 0) throw new UnkeyableValue('a Date with fields of its own');
  return `Date(${date.getTime()})`;
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
