import { isPromise } from '../maybe-promise.js';
import { emptyFound, emptyLoaders, gettersOf, noteBatches, type Emptied } from './fresh-loaders.js';
import { frozenContext } from './frozen-context.js';
import { endLoad, outsideLoads, runLoad, type RunningLoad } from './load-scope.js';
import type { CacheScope } from './read-policy.js';
import { createBearerNames, viewerTouched } from './viewer-guard.js';
import type { ViewerOf } from './viewer-id.js';
import { canWatch, watch } from './watched-object.js';

/** A load whose value may be stored, and the context it is given: the user's own. */
export interface GuardedLoad {
  readonly context: unknown;
  /** True once the load has touched the viewer: its value belongs to that viewer alone. */
  touched(): boolean;
  /** Runs the load: until it ends, what it reads of the context is watched, and what others read of it is not. */
  run<T>(work: () => T): T;
}

/** Makes the context of a load whose value may be stored. */
export type LoadContext = (scope: CacheScope, context: unknown, coordinates: string) => GuardedLoad;

export interface LoadContextOptions {
  readonly viewerOf: ViewerOf;
  /** True in development and test: touching the viewer throws. In production it is only noted. */
  readonly throws: boolean;
}

/** Reads of a Map as a whole: what it holds for the viewer is among it. */
const WHOLE: ReadonlySet<PropertyKey> = new Set(['entries', 'values', 'forEach', Symbol.iterator]);
const BY_KEY: ReadonlySet<PropertyKey> = new Set(['get', 'has']);
const MAP_METHODS: readonly PropertyKey[] = [...WHOLE, ...BY_KEY];

/**
 * For PUBLIC loads the context refuses to reveal the viewer; for all loads its DataLoaders begin anew. The object is left
 * alone: reads are told apart by the load that they are a part of, so that a closure over the context is seen as well,
 * and other loads of the same request are not disturbed.
 */
export function createLoadContext({ viewerOf, throws }: LoadContextOptions): LoadContext {
  const bearerNames = createBearerNames(viewerOf);
  return (scope, context, coordinates) => {
    const emptied: Emptied = { scope, loaders: new Set() };
    emptyLoaders(context, emptied);
    if (typeof context !== 'object' || context === null) return unguarded(context);
    const begin = <T>(work: () => T): T => {
      const result = work();
      noteBatches(emptied);
      return result;
    };
    const bearing = scope === 'PUBLIC' ? bearerNames(context) : undefined;
    let touched = false;
    // Whether there is a viewer is an answer too: a guest's load that looks for one is no load for everybody.
    const touch = (name: unknown): void => {
      touched = true;
      if (throws) throw viewerTouched(coordinates, name);
    };
    const bearers = bearing === undefined ? [] : watchedNames(context, bearing);
    const isFrozen = !bearers.every((name) => canWatch(context, name));
    const watched: Names[] = isFrozen || bearers.length === 0 ? [] : [[context, bearers]];
    for (const [owner, names] of gettersOf(context)) {
      watched.push([owner, names.filter((name) => canWatch(owner, name))]);
      // They cannot be watched, so that what they return is emptied now.
      for (const name of names) if (!canWatch(owner, name)) emptyFound(peekAt(owner, name), emptied);
    }
    const load: RunningLoad = {
      onRead: (owner, name, value) => {
        if (owner === context && bearing !== undefined) {
          if (context instanceof Map && WHOLE.has(name)) touch(`${String(name)}()`);
          else if (context instanceof Map && BY_KEY.has(name))
            return askingByKey(context, value, { bearing, touch });
          else if (bearing.has(name)) touch(name);
        }
        emptyFound(value, emptied);
        return value;
      },
    };
    return {
      context: isFrozen && bearing !== undefined ? frozenContext(context, bearing, touch) : context,
      touched: () => touched,
      run: (work) => (watched.length === 0 ? begin(work) : runWatched(load, watched, () => begin(work))),
    };
  };
}

type Names = readonly [object: object, names: readonly PropertyKey[]];

function watchedNames(context: object, bearing: ReadonlySet<unknown>): readonly PropertyKey[] {
  const names = [...bearing].filter(isPropertyKey);
  return context instanceof Map ? [...MAP_METHODS, ...names] : names;
}

function runWatched<T>(load: RunningLoad, watched: readonly Names[], work: () => T): T {
  const unwatches = watched.map(([object, names]) => watch(object, names));
  const end = (): void => {
    endLoad();
    for (const unwatch of unwatches) unwatch();
  };
  let result: T;
  try {
    // Work that begins when it is waited for, as a query of Prisma does, is begun within the load.
    result = runLoad(load, () => begun(work()));
  } catch (error) {
    end();
    throw error;
  }
  if (isPromise(result)) result.then(end, end);
  else end();
  return result;
}

function begun<T>(result: T): T {
  return isPromise(result) ? (result.then((value: unknown) => value) as T) : result;
}

function peekAt(owner: object, name: PropertyKey): unknown {
  try {
    return outsideLoads((): unknown => Reflect.get(owner, name));
  } catch {
    // It may be for others than this load, which is told where it reads it itself.
    return undefined;
  }
}

function askingByKey(
  map: Map<unknown, unknown>,
  method: unknown,
  { bearing, touch }: { bearing: ReadonlySet<unknown>; touch: (name: unknown) => void },
): unknown {
  if (typeof method !== 'function') return method;
  return (key: unknown): unknown => {
    if (bearing.has(key)) touch(key);
    return method.call(map, key) as unknown;
  };
}

function unguarded(context: unknown): GuardedLoad {
  return { context, touched: () => false, run: (work) => work() };
}

function isPropertyKey(value: unknown): value is PropertyKey {
  return typeof value === 'string' || typeof value === 'symbol';
}
