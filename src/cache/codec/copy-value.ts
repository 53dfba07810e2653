import { isPlainDate } from './fixed-date.js';
import type { ValueType } from './value-type.js';

/** Makes a value of one reader's own from one that all readers share. */
export type CopyValue = (value: unknown) => unknown;

/** Shapes of rows that are remembered, by the names of what must be copied in them. */
const REMEMBERED_SHAPES = 1000;

/**
 * How readers of a decoded value get their own: undefined where it cannot be changed, since it is a leaf. What must be copied
 * in a row is found once, when it is decoded; rows of one shape share what copies them. `bench/README.md` says what copies
 * cost.
 */
export function createCopiers(types: readonly ValueType[]): (value: unknown) => CopyValue | undefined {
  const typeOf = (value: object): ValueType | undefined => types.find((candidate) => candidate.is(value));
  const copyInstance = (value: object): unknown => {
    const type = typeOf(value);
    return type === undefined || type.isImmutable === true ? value : type.decode(type.encode(value));
  };
  const mustCopy = (value: unknown): value is object => {
    if (!isObject(value)) return false;
    if (isKnown(value)) return true;
    const type = typeOf(value);
    return type !== undefined && type.isImmutable !== true;
  };
  const copyInner = (value: unknown): unknown => copyDeep(value, copyInstance);
  let shapes = new Map<string, CopyValue>();
  return (value) => {
    if (!mustCopy(value)) return undefined;
    if (!isRow(value)) return copyInner;
    const names = Object.keys(value).filter((name) => mustCopy(Reflect.get(value, name)));
    if (names.length === 0) return copyRow;
    const shape = JSON.stringify(names);
    let copier = shapes.get(shape);
    if (copier === undefined) {
      copier = copierOfRows(names, copyInner);
      if (shapes.size >= REMEMBERED_SHAPES) shapes = new Map();
      shapes.set(shape, copier);
    }
    return copier;
  };
}

function copierOfRows(names: readonly string[], copyInner: CopyValue): CopyValue {
  return (row) => {
    if (!isObject(row)) return row;
    const copy: Record<string, unknown> = { ...row };
    for (const name of names) copy[name] = copyInner(copy[name]);
    return copy;
  };
}

function copyRow(row: unknown): unknown {
  return isObject(row) ? { ...row } : row;
}

function copyDeep(value: unknown, copyInstance: (value: object) => unknown): unknown {
  if (!isObject(value)) return value;
  if (isPlainDate(value)) return new Date(value.getTime());
  if (Array.isArray(value))
    return value.map((item: unknown) => (isObject(item) ? copyDeep(item, copyInstance) : item));
  if (!isRow(value)) return copyLeaf(value, copyInstance);
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const item = copy[name];
    if (isObject(item)) copy[name] = copyDeep(item, copyInstance);
  }
  return copy;
}

function copyLeaf(value: object, copyInstance: (value: object) => unknown): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  return value instanceof Uint8Array ? value.slice() : copyInstance(value);
}

/** What the codec brings back without a type that was registered. */
function isKnown(value: object): boolean {
  return isRow(value) || Array.isArray(value) || isPlainDate(value) || value instanceof Uint8Array;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Decoded objects have the ordinary prototype. */
function isRow(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}
