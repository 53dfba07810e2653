import { isPlainDate } from './fixed-date.js';
import { UnstorableValue } from './storable.js';
import type { ValueType } from './value-type.js';

/** What a comparison must know besides the values. */
export interface Faithfulness {
  readonly types: readonly ValueType[];
  /** Objects that mean something by being themselves, such as the internal values of an enum: a copy of one is not one. */
  readonly distinct: ReadonlySet<object>;
}

/**
 * Compares a value with what the codec makes of it, all the way down: everything that the list of known cases does not
 * know is found here. A null prototype becomes an ordinary one, and a getter becomes its value.
 * @throws UnstorableValue naming the first place where they differ.
 */
export function requireFaithful(given: unknown, decoded: unknown, rules: Faithfulness, path = ''): void {
  if (typeof given !== 'object' || given === null) {
    if (!Object.is(given, decoded)) throw changed(path);
    return;
  }
  if (rules.distinct.has(given))
    throw new UnstorableValue('an object that is an internal value of an enum', path);
  if (typeof decoded !== 'object' || decoded === null) throw changed(path);
  const prototype: unknown = isPlainDate(given) ? Date.prototype : Object.getPrototypeOf(given);
  if ((prototype ?? Object.prototype) !== Object.getPrototypeOf(decoded)) throw changed(path);
  if (given instanceof Uint8Array) {
    if (!(decoded instanceof Uint8Array) || Buffer.compare(given, decoded) !== 0) throw changed(path);
  } else if (prototype === Date.prototype) {
    if (!Object.is(Number(given), Number(decoded))) throw changed(path);
  } else if (prototype === Object.prototype || prototype === null || Array.isArray(given)) {
    requireSameFields(given, decoded, rules, path);
  } else if (
    !rules.types.some((type) => type.is(given) && type.is(decoded) && isSameText(type, given, decoded))
  ) {
    throw changed(path);
  }
}

function requireSameFields(given: object, decoded: object, rules: Faithfulness, path: string): void {
  const names = Object.keys(given);
  if (names.length !== Object.keys(decoded).length) throw changed(path);
  for (const name of names) {
    if (!Object.hasOwn(decoded, name)) throw changed(path);
    const place = Array.isArray(given) ? `${path}[${name}]` : `${path}.${name}`;
    requireFaithful(Reflect.get(given, name), Reflect.get(decoded, name), rules, place);
  }
}

function isSameText(type: ValueType, given: unknown, decoded: unknown): boolean {
  return type.encode(given) === type.encode(decoded);
}

function changed(path: string): UnstorableValue {
  return new UnstorableValue('a value that the codec would change', path);
}
