import { CacheError } from '../errors.js';
import { outsideLoads } from './load-scope.js';
import type { ViewerOf } from './viewer-id.js';

/** Properties by which contexts usually give the viewer away, besides those that `viewer` itself reads. */
const REVEALING: readonly PropertyKey[] = [
  'viewer',
  'user',
  'currentUser',
  'session',
  'token',
  'auth',
  'cookies',
  'headers',
  'req',
  'request',
  // Where a request hangs from its answer: `reply.request`, `res.req`.
  'reply',
  'res',
  'response',
];

/**
 * Finds the properties of contexts (of a Map: its keys) by which they bear the viewer: those that are known to, and those
 * that `viewer` reads, of this context or of others of its class. Each context is watched once.
 */
export function createBearerNames(viewerOf: ViewerOf): (context: object) => ReadonlySet<unknown> {
  const byClass = new WeakMap<object, Set<unknown>>();
  const seen = new WeakSet<object>();
  return (context) => {
    const prototype: unknown = Object.getPrototypeOf(context);
    const kind = typeof prototype === 'object' && prototype !== null ? prototype : Object.prototype;
    let names = byClass.get(kind);
    if (names === undefined) {
      names = new Set<unknown>(REVEALING);
      byClass.set(kind, names);
    }
    if (!seen.has(context)) {
      seen.add(context);
      const recorder = recording(context, names);
      // What the engine itself asks is no part of the load that is about to begin, nor of one around it.
      outsideLoads(() => viewerOf(recorder));
    }
    return names;
  };
}

/** Reads go to the object itself, so that its private fields work; their names are noted. */
function recording(context: object, names: Set<unknown>): unknown {
  return new Proxy(context, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (target instanceof Map && (property === 'get' || property === 'has')) {
        return (key: unknown): unknown => {
          names.add(key);
          return property === 'get' ? target.get(key) : target.has(key);
        };
      }
      names.add(property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    has(target, property) {
      names.add(property);
      return Reflect.has(target, property);
    },
  });
}

export function viewerTouched(coordinates: string, name: unknown): CacheError {
  return new CacheError(
    'CACHE_VIEWER_IN_PUBLIC_LOAD',
    `${coordinates} is cached for everybody (scope: PUBLIC), but its load read context.${String(name)}; ` +
      'give the field scope: PRIVATE, or do not look at the viewer',
  );
}
