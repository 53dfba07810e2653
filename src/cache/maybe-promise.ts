import { types } from 'node:util';

/** A value, or the promise of one. Hits are values: a promise per list element costs more than the read. */
export type MaybePromise<T> = T | Promise<T>;

/** True for promises and other thenables. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/**
 * The promise of what begins when it is waited for, and begins anew with each `then`, as queries of Mongoose, Knex and
 * Drizzle do: it begins here, once. All else is handed on as it is. Code that waits for what users return, and hands it on
 * as well, must take it through here.
 */
export function begun<T>(result: T): T;
export function begun(result: unknown): unknown {
  if (!isPromise(result) || isPlainPromise(result)) return result;
  return new Promise((resolve, reject) => void result.then(resolve, reject));
}

/** Does work, and calls back once it has ended, however. */
export function endedBy<T>(work: () => T, ended: () => void): T {
  let result: T;
  try {
    result = begun(work());
  } catch (error) {
    ended();
    throw error;
  }
  if (isPromise(result)) result.then(ended, ended);
  else ended();
  return result;
}

/** True for promises of the language, which are under way. */
export function isPlainPromise(value: unknown): boolean {
  return value instanceof Promise && value.then === Promise.prototype.then;
}

/** Has the failure of what is not waited for end no process. What only begins when it is waited for is not begun. */
export function unheard(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined);
}

/** Objects of one result that are looked at, elements of one list, and how deep: results are seldom larger. */
const MOST_OBJECTS = 10_000;
const MOST_ELEMENTS = 10_000;
const DEEPEST = 8;

/**
 * The same for the promises in a result that GraphQL is given later, or never: until it has them, a failure of theirs would end
 * the process. It is told of them all the same. Only what lies there is looked at: a getter would run once more than without a cache.
 */
export function unheardWithin(result: unknown): void {
  if (typeof result === 'object' && result !== null) unheardBelow([result], 0, new Set());
}

const ownResults = new WeakSet<object>();

/** Hands on what a resolver returned and no codec has seen: it may hold promises, for which `ownResultWaits` looks. */
export function ownResult(result: unknown): unknown {
  const own = begun(result);
  if (isPromise(own)) return own.then(ownResult);
  if (typeof own === 'object' && own !== null) ownResults.add(own);
  return own;
}

/** Told of a value that GraphQL is given only once what lies below it has been read. Costs a value of the codec next to nothing. */
export function ownResultWaits(value: object): void {
  if (ownResults.has(value)) unheardWithin(value);
}

/** Level by level, so that what is near is found first. */
function unheardBelow(values: readonly unknown[], depth: number, seen: Set<object>): void {
  let level = values;
  for (let at = depth; at < DEEPEST && level.length > 0; at += 1) {
    const below: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      if (seen.size >= MOST_OBJECTS) return;
      seen.add(value);
      addWithin(value, below, (inner) => unheardBelow([inner], at + 1, seen));
    }
    level = below;
  }
}

/** Adds what lies in an object; of a promise what it will bring is handed on once it is there. */
function addWithin(value: object, below: unknown[], onBrought: (inner: unknown) => void): void {
  try {
    // Its traps are code.
    if (types.isProxy(value)) return;
    if (value instanceof Promise) {
      if (isPlainPromise(value)) value.then(onBrought, () => undefined);
    } else if (Array.isArray(value)) {
      const length = Math.min(value.length, MOST_ELEMENTS);
      for (let index = 0; index < length; index += 1) {
        const element: unknown = value[index];
        if (typeof element === 'object') below.push(element);
      }
    } else if (!ArrayBuffer.isView(value)) {
      for (const name of Object.keys(value)) below.push(Object.getOwnPropertyDescriptor(value, name)?.value);
    }
  } catch {
    // What cannot be looked at, as a proxy that refuses, is left to GraphQL.
  }
}
