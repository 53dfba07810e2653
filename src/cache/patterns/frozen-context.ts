/**
 * Stands before a context that cannot be watched in place, since it is frozen: reads of what bears the viewer are told.
 * What the methods of a frozen class instance read cannot be seen, so that calling one counts as a look at the viewer.
 */
export function frozenContext(
  context: object,
  bearing: ReadonlySet<unknown>,
  touch: (name: unknown) => void,
): unknown {
  const prototype: unknown = Object.getPrototypeOf(context);
  const isPlain = prototype === Object.prototype || prototype === null;
  const check = (name: PropertyKey): void => {
    if (bearing.has(name)) touch(name);
  };
  // A proxy may not answer for a frozen object with anything else than what is there, so a plain one is copied.
  return new Proxy(isPlain ? { ...context } : context, {
    get(_, name) {
      check(name);
      const value: unknown = Reflect.get(context, name);
      const isMethod = !isPlain && typeof value === 'function' && name !== 'constructor';
      if (!isMethod || Object.hasOwn(context, name)) return value;
      touch(name);
      return value.bind(context) as unknown;
    },
    has(_, name) {
      check(name);
      return Reflect.has(context, name);
    },
    getOwnPropertyDescriptor(target, name) {
      check(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
}
