import type { CopyValue } from '../codec/copy-value.js';
import type { Arguments } from './warm-field.js';

/** How an instance of a class is copied; undefined where it is not known how, or it cannot be changed. */
type CopierOf = (value: unknown) => CopyValue | undefined;

/** Makes arguments of one call's own, which its resolver may change. Instances that are not known how to copy are shared. */
export function ownArguments(copierOf: CopierOf): (args: Arguments) => Arguments {
  const copyFields = <T extends object>(value: T): Record<string, unknown> => {
    // Defines what it is given: a field named `__proto__` stays a field.
    const copy = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyOf(item)]));
    return Object.setPrototypeOf(copy, Object.getPrototypeOf(value));
  };
  const copyOf = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(copyOf);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return copyFields(value);
    const copy = copierOf(value);
    return copy === undefined ? value : copy(value);
  };
  return copyFields;
}
