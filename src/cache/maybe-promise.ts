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

function isPlainPromise(value: object): boolean {
  return value instanceof Promise && value.then === Promise.prototype.then;
}

/** Has the failure of what is not waited for end no process. What only begins when it is waited for is not begun. */
export function unheard(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined);
}
