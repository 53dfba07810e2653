import type { ValueType } from './value-type.js';

/** As measured in Node 20 (`test/memory/memory.test.ts`); pointers have 8 bytes. */
const POINTER = 8;
const NUMBER = 16;
const TEXT = 16;
const LIST = 48;
const OBJECT = 24;
/** Names that stand in an object itself, before it has a list of them. */
const INNER_NAMES = 4;
/** An object with more names is mostly a table by names, which are its own. */
const MOST_LISTED = 16;
const BYTES = 224;
/** A Date; and an instance of a registered type, without what its text says of what it holds. */
const INSTANCE = 160;

const WIDE = /[^\0-\xff]/;

/**
 * About the bytes of memory that a decoded value takes. Names of a few properties are shared by all values of a kind. An
 * instance of one of these types is encoded to see how much it holds.
 */
export function heapSize(value: unknown, types: readonly ValueType[] = []): number {
  if (typeof value === 'string') return TEXT + padded(WIDE.test(value) ? value.length * 2 : value.length);
  // Small whole numbers stand in the place of the pointer to others.
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 0 : NUMBER;
  if (typeof value === 'bigint') return 2 * NUMBER;
  return typeof value === 'object' && value !== null ? sizeOf(value, types) : 0;
}

function sizeOf(value: object, types: readonly ValueType[]): number {
  if (Array.isArray(value)) {
    let size = LIST + value.length * POINTER;
    for (const item of value) size += heapSize(item, types);
    return size;
  }
  if (value instanceof Uint8Array) return BYTES + value.length;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return INSTANCE + textSize(value, types);
  const contents = Object.values(value);
  let size = OBJECT + INNER_NAMES * POINTER;
  for (const item of contents) size += heapSize(item, types);
  const names = contents.length;
  if (names <= INNER_NAMES) return size;
  if (names <= MOST_LISTED) return size + 16 + Math.ceil((names - INNER_NAMES) / 3) * 3 * POINTER;
  for (const name of Object.keys(value)) size += heapSize(name);
  return size + 64 + 3 * POINTER * 2 ** Math.ceil(Math.log2(names * 1.5));
}

function textSize(value: object, types: readonly ValueType[]): number {
  const type = types.find((candidate) => candidate.is(value));
  return type === undefined ? 0 : heapSize(type.encode(value));
}

function padded(length: number): number {
  return Math.ceil(length / POINTER) * POINTER;
}
