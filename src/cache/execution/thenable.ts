/** What graphql-js takes for a promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  const { then }: { readonly then?: unknown } = value;
  return typeof then === 'function';
}

/** A promise with the `then` of the language: it takes both callbacks at once, and calls one of them later. */
export function isNativePromise(value: PromiseLike<unknown>): boolean {
  return value instanceof Promise && value.constructor === Promise && value.then === Promise.prototype.then;
}
