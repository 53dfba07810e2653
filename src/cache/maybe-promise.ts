/** A value, or the promise of one. Hits are values: a promise per list element costs more than the read. */
export type MaybePromise<T> = T | Promise<T>;

/** True for promises and other thenables. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
