import { types as kinds } from 'node:util';
import { isPlainDate } from './fixed-date.js';
import type { ValueType } from './value-type.js';

const MAX_DEPTH = 64;

/**
 * Names that objects have from birth: MessagePack encoders and merging code take them for something else. The second
 * is what the decoder makes of the first.
 */
const UNSTORABLE_NAMES: ReadonlySet<string> = new Set(['__proto__', '__proto_', 'toJSON']);

/** Thrown for a value that would not come back as what it was; it is answered, counted and not stored. */
export class UnstorableValue extends Error {
  constructor(what: string, path: string, cause?: unknown) {
    super(
      `${what} at ${path === '' ? 'the top' : path} cannot be stored`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'UnstorableValue';
  }
}

/** Thrown for a value of more parts than its field may have bytes: it is answered, counted and not stored. */
export class TooManyParts extends Error {
  constructor() {
    super('a value of more parts than it may have bytes');
    this.name = 'TooManyParts';
  }
}

/** Counts the parts of a value on each way to them: objects that are reached by many ways are written as often. */
export class PartsLeft {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** @throws TooManyParts */
  count(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new TooManyParts();
  }
}

/** What a check of a value must know besides it. */
export interface StorableRules {
  readonly types: readonly ValueType[];
  readonly parts: PartsLeft;
}

/** Stands in the encoded bytes for a value that MessagePack cannot carry by itself. */
export class TypedValue {
  constructor(
    readonly name: string,
    readonly content: string | Uint8Array,
  ) {}
}

export const BYTES = 'Uint8Array';
export const NEGATIVE_ZERO = '-0';
export const LONE_SURROGATES = 'UTF-16';
export const builtInNames: ReadonlySet<string> = new Set([BYTES, NEGATIVE_ZERO, LONE_SURROGATES]);

/**
 * The value with every typed part replaced by its stand-in; the very same object where there is none.
 * @throws UnstorableValue for functions, symbols, promises, errors, proxies, unknown classes and cycles.
 * @throws TooManyParts
 */
export function storable(value: unknown, rules: StorableRules, path = '', depth = 0): unknown {
  rules.parts.count();
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return value;
    case 'number':
      return Object.is(value, -0) ? new TypedValue(NEGATIVE_ZERO, '') : value;
    case 'string':
      return value.isWellFormed() ? value : new TypedValue(LONE_SURROGATES, Buffer.from(value, 'utf16le'));
    case 'function':
    case 'symbol':
      throw new UnstorableValue(`a ${typeof value}`, path);
    case 'object':
      break;
  }
  if (value === null) return value;
  if (depth >= MAX_DEPTH)
    throw new UnstorableValue(`a structure deeper than ${MAX_DEPTH} (or a cycle)`, path);
  // As a getter: its traps would run after the load, and with them what a client for one request computes.
  if (kinds.isProxy(value))
    throw new UnstorableValue('a Proxy (a plain copy, such as { ...row } made in the load, can be)', path);
  // By its prototype: an instance of a class that extends Array or Date would come back without its class.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return storableObject(value, rules, path, depth);
  if (prototype === Array.prototype && Array.isArray(value)) return storableArray(value, rules, path, depth);
  if (prototype === Buffer.prototype) return value;
  if (prototype === Uint8Array.prototype && value instanceof Uint8Array) return new TypedValue(BYTES, value);
  if (isPlainDate(value)) {
    if (Reflect.ownKeys(value).length > 0) throw new UnstorableValue('a Date with fields of its own', path);
    return value;
  }
  for (const type of rules.types) {
    if (type.is(value)) return new TypedValue(type.name, textOf(type, value, path));
  }
  throw new UnstorableValue(`an instance of ${classNameOf(prototype)}`, path);
}

/** The text of the error may tell the value, and is in no message. */
function textOf(type: ValueType, value: unknown, path: string): string {
  let text: unknown;
  try {
    text = type.encode(value);
  } catch (error) {
    throw new UnstorableValue(`a value that the type ${type.name} cannot encode`, path, error);
  }
  if (typeof text === 'string') return text;
  throw new UnstorableValue(`a value that the type ${type.name} does not encode as text`, path);
}

function storableArray(value: unknown[], rules: StorableRules, path: string, depth: number): unknown[] {
  // The length is one; a hole in the list has none.
  if (Reflect.ownKeys(value).length !== value.length + 1)
    throw new UnstorableValue('a list with holes or with fields of its own', path);
  let copy: unknown[] | undefined;
  for (let index = 0; index < value.length; index += 1) {
    const item = value[index];
    const stored = storable(item, rules, `${path}[${index}]`, depth + 1);
    if (stored !== item) (copy ??= [...value])[index] = stored;
  }
  return copy ?? value;
}

function storableObject(value: object, rules: StorableRules, path: string, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  const names = Object.keys(value);
  if (Reflect.ownKeys(value).length !== names.length)
    throw new UnstorableValue('an object with a field that is named by a symbol or not enumerable', path);
  for (const name of names) {
    if (UNSTORABLE_NAMES.has(name) || !name.isWellFormed())
      throw new UnstorableValue('such a field name', `${path}.${name}`);
    // It may answer each reader something else, and what it reads is read after the load, which nothing watches.
    const property = Object.getOwnPropertyDescriptor(value, name);
    if (property?.get !== undefined) throw new UnstorableValue('a getter', `${path}.${name}`);
    const item: unknown = property?.value;
    const stored = storable(item, rules, `${path}.${name}`, depth + 1);
    if (stored !== item) (copy ??= { ...value })[name] = stored;
  }
  return copy ?? value;
}

function classNameOf(prototype: unknown): string {
  const constructor: unknown = Reflect.get(Object(prototype), 'constructor');
  return typeof constructor === 'function' ? constructor.name : 'an object without a class';
}

/**
 * Checks what was decoded: bytes that another program wrote may hold an Error, which would fail the field, or a class
 * that no load could have stored.
 * @throws UnstorableValue
 */
export function requireStorable(value: unknown, types: readonly ValueType[]): void {
  if (typeof value !== 'object' || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return;
  if (Array.isArray(value) || prototype === Object.prototype || prototype === null) {
    for (const [name, item] of Object.entries(value)) {
      if (UNSTORABLE_NAMES.has(name)) throw new UnstorableValue('such a field name', name);
      requireStorable(item, types);
    }
    return;
  }
  if (prototype === Buffer.prototype || prototype === Uint8Array.prototype) return;
  if (types.some((type) => type.is(value))) return;
  throw new UnstorableValue(`an instance of ${classNameOf(prototype)}`, 'some place');
}
