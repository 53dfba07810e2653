/** Some of the options of `T`; `undefined` says nothing. */
type Given<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** What is given over the defaults. An option that is `undefined` has its default, which a spread would overwrite. */
export function withDefaults<T extends object>(defaults: T, given: Given<T> = {}): T {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}
