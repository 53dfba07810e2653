/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  /** True once it was settled: what comes later is dropped. */
  readonly isSettled: boolean;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function createDeferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (settle === undefined) throw new Error('a promise runs its executor at once');
  const { resolve, reject } = settle;
  let isSettled = false;
  return {
    promise,
    get isSettled() {
      return isSettled;
    },
    resolve: (value) => {
      isSettled = true;
      resolve(value);
    },
    reject: (reason) => {
      isSettled = true;
      reject(reason);
    },
  };
}
