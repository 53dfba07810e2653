import type { ValueCodec } from '../codec/value-codec.js';
import type { Arguments } from './warm-field.js';

/**
 * Makes arguments of one call's own, which its resolver may change. Instances that are not known how to copy are shared, and so are objects
 * that a resolver knows by themselves, such as the internal value of an enum.
 */
export function ownArguments({
  copierOf,
  isDistinct,
}: Pick<ValueCodec, 'copierOf' | 'isDistinct'>): (args: Arguments) => Arguments {
  const copyFields = <T extends object>(value: T): Record<string, unknown> => {
    // Defines what it is given: a field named `__proto__` stays a field.
    const copy = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyOf(item)]));
    return Object.setPrototypeOf(copy, Object.getPrototypeOf(value));
  };
  const copyOf = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || isDistinct(value)) return value;
    if (Array.isArray(value)) return value.map(copyOf);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return copyFields(value);
    const copy = copierOf(value);
    return copy === undefined ? value : copy(value);
  };
  return copyFields;
}
