/** What is used of a DataLoader; whatever has these methods is treated as one. */
interface Loader {
  load(key: unknown): unknown;
  loadMany(keys: readonly unknown[]): unknown;
  clear(key: unknown): unknown;
}

/**
 * The same context for one load, in which DataLoaders forget each key before they load it for the first time: what a
 * request memoised before the generations were read could otherwise be stored as newer than it is. Loaders are found in
 * a plain context and in the plain objects it holds (`context.loaders.movie`), not behind instances of classes.
 */
export function withFreshLoaders(context: unknown): unknown {
  return isPlain(context) ? freshObject(context, new Map(), 1) : context;
}

function freshObject(object: object, fresh: Map<object, object>, depth: 0 | 1): object {
  // A proxy may not answer for a frozen object with anything else than what is there.
  const target = Object.isFrozen(object) ? { ...object } : object;
  return new Proxy(target, {
    get(_, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'object' || value === null) return value;
      const known = fresh.get(value);
      if (known !== undefined) return known;
      const made = freshValue(value, fresh, depth);
      if (made !== value) fresh.set(value, made);
      return made;
    },
  });
}

function freshValue(value: object, fresh: Map<object, object>, depth: 0 | 1): object {
  if (isLoader(value)) return freshLoader(value);
  return depth === 1 && isPlain(value) && holdsLoaders(value) ? freshObject(value, fresh, 0) : value;
}

function freshLoader(loader: Loader): object {
  const loaded = new Set<unknown>();
  const forget = (key: unknown): void => {
    if (loaded.has(key)) return;
    loaded.add(key);
    loader.clear(key);
  };
  const methods: Readonly<Record<PropertyKey, unknown>> = {
    load: (key: unknown) => {
      forget(key);
      return loader.load(key);
    },
    loadMany: (keys: readonly unknown[]) => {
      keys.forEach(forget);
      return loader.loadMany(keys);
    },
  };
  return new Proxy(loader, {
    get(target, property) {
      if (Object.hasOwn(methods, property)) return methods[property];
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Asked of every plain object that a load looks at, so the answer is remembered. */
const holding = new WeakMap<object, boolean>();

function holdsLoaders(object: object): boolean {
  const known = holding.get(object);
  if (known === true) return true;
  // A loader may be added later, so a no is asked again; getters are left alone, and may make one.
  const holds = Object.values(Object.getOwnPropertyDescriptors(object)).some(
    ({ get, value }) => get !== undefined || isLoader(value),
  );
  if (holds) holding.set(object, true);
  return holds;
}

function isLoader(value: unknown): value is Loader {
  if (typeof value !== 'object' || value === null) return false;
  const { load, loadMany, clear } = value as Partial<Loader>;
  return typeof load === 'function' && typeof loadMany === 'function' && typeof clear === 'function';
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
