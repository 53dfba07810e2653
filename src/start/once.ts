/** Something that is made when it is first asked for, and once. */
export interface Once<T> {
  get(): Promise<T>;
  /** What was made, or undefined where it was never asked for or could not be made. */
  made(): Promise<T | undefined>;
}

export function once<T>(make: () => Promise<T>): Once<T> {
  let begun: Promise<T> | undefined;
  return {
    get: () => {
      begun ??= make();
      return begun;
    },
    // Why it could not be made was told to the caller that asked for it.
    made: async () => begun?.catch(() => undefined),
  };
}
