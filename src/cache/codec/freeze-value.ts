import { FixedDate, isPlainDate } from './fixed-date.js';

/** Makes a decoded value one that no reader can change; false where that cannot be had. */
export type Freeze = (value: unknown) => boolean;

/** Rows and lists that readers share, as long as they live. Code of others is given copies of them. */
const frozen = new WeakSet();

/** Whether it is a row or a list that readers share. */
export function isShared(value: unknown): value is object {
  return isObject(value) && frozen.has(value);
}

/** Freezes all of a row or a list, in place; false where it holds what cannot be frozen, such as bytes. */
export function freezeDeep(value: unknown, isImmutable: (value: object) => boolean): boolean {
  if (!isObject(value) || frozen.has(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype) {
    return prototype === FixedDate.prototype || isImmutable(value);
  }
  for (const name in value) {
    const item: unknown = Reflect.get(value, name);
    if (!isObject(item)) continue;
    if (isPlainDate(item)) Reflect.set(value, name, Object.freeze(new FixedDate(item.getTime())));
    else if (!freezeDeep(item, isImmutable)) return false;
  }
  frozen.add(Object.freeze(value));
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
