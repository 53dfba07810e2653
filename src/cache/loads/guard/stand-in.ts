import { CacheError } from '../../errors.js';
import { readsFor } from './watched-object.js';

/** Told of each read, with what is there; may throw. */
export type Look = (name: PropertyKey, value: unknown) => void;

/**
 * Stands before a context that cannot be watched in place, since it is frozen or stands for others itself. Its getters
 * run on the stand-in, so that their reads are seen. What the methods of a frozen class instance read cannot be seen, so
 * that taking one counts as a look at the viewer, unless it is declared neutral.
 */
export function standIn(
  context: object,
  { look, onMethod }: { look: Look; onMethod: (name: PropertyKey) => void },
): object {
  const prototype: unknown = Object.getPrototypeOf(context);
  const isPlain = prototype === Object.prototype || prototype === null;
  const proxy: object = new Proxy(context, {
    get(_, name) {
      const value = valueOf(context, name, proxy);
      look(name, value);
      const isMethod = !isPlain && typeof value === 'function' && name !== 'constructor';
      if (!isMethod || Object.hasOwn(context, name)) return value;
      onMethod(name);
      return value.bind(context) as unknown;
    },
    set: (_, name, value) => Reflect.set(context, name, value),
    has(target, name) {
      look(name, undefined);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      const property = Reflect.getOwnPropertyDescriptor(target, name);
      look(name, property?.value);
      return property;
    },
  });
  // Some of its properties may be watched in place.
  readsFor(context, proxy);
  return proxy;
}

function valueOf(context: object, name: PropertyKey, proxy: unknown): unknown {
  try {
    return Reflect.get(context, name, proxy);
  } catch (error) {
    // Private fields and the size of a Map are known to the object itself only.
    if (error instanceof TypeError && !(error instanceof CacheError)) return Reflect.get(context, name);
    throw error;
  }
}
