import { FixedDate } from './fixed-date.js';

/** Stands for a value that some reader could change. */
export const CHANGEABLE: unique symbol = Symbol('changeable');

/**
 * Makes a decoded value one that no reader can change: the value itself, frozen, or what stands for it from now on.
 * `CHANGEABLE` where that cannot be had.
 */
export type Freeze = (value: unknown) => unknown;

/** What readers of a row reach by a name, where it may be more than a leaf. */
export interface FrozenName {
  readonly name: string;
  readonly freeze: Freeze;
}

/** Rows that readers share, as long as they live. Code of others is given copies of them. */
const frozenRows = new WeakSet();

/** Whether it is a row that readers share. */
export function isFrozenRow(value: unknown): value is object {
  return isObject(value) && frozenRows.has(value);
}

/** For values of which only built-in code reads the text or the number. */
export const freezeLeaf: Freeze = (value) => value;

/** For leaves that are handed to code of others; `isImmutable` knows the registered types. */
export function freezeOpenLeaf(isImmutable: (value: object) => boolean): Freeze {
  return (value) => {
    if (!isObject(value) || value instanceof FixedDate) return value;
    if (value instanceof Date) return Object.freeze(new FixedDate(value.getTime()));
    return isImmutable(value) ? value : CHANGEABLE;
  };
}

/** For lists, by what freezes an element. */
export function freezeList(freeze: Freeze): Freeze {
  return (value) => {
    if (!Array.isArray(value)) return isObject(value) ? CHANGEABLE : value;
    const list: unknown[] = value;
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index];
      const frozen = freeze(item);
      if (frozen === CHANGEABLE || (frozen !== item && !Reflect.set(list, index, frozen))) return CHANGEABLE;
    }
    return Object.freeze(list);
  };
}

/** For rows, by what freezes what their readers reach. What they do not reach stays as it is, and is copied for all others. */
export function freezeRow(names: () => readonly FrozenName[]): Freeze {
  return (value) => {
    if (!isObject(value)) return value;
    if (Object.getPrototypeOf(value) !== Object.prototype) return CHANGEABLE;
    for (const { name, freeze } of names()) {
      const item: unknown = Reflect.get(value, name);
      const frozen = freeze(item);
      if (frozen === CHANGEABLE || (frozen !== item && !Reflect.set(value, name, frozen))) return CHANGEABLE;
    }
    frozenRows.add(Object.freeze(value));
    return value;
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
