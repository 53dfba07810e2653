import { isVirtual, layersOf, namesOf, watchable } from './context-shape.js';
import { endLoad, outsideLoads, runLoad } from '../../load-scope.js';
import { askingByKey, BY_KEY, isByKey } from './map-reads.js';
import { watch } from './watched-object.js';

/** What a function reads of a context; of a Map, the keys. */
export interface Reads {
  /** What it reads itself. */
  readonly direct: Set<unknown>;
  /** The same, and what the getters and methods of the context read on its behalf. */
  readonly all: Set<unknown>;
}

/**
 * Runs a function on a context, and notes what it reads, by whatever getters and methods. `thoroughly` sees what closures
 * and private code read as well, for some 50 µs. @throws what it throws
 */
export function recordReads(
  context: object,
  { ask, thoroughly }: { ask: (context: unknown) => unknown; thoroughly: boolean },
  { direct, all }: Reads,
): void {
  const note = (name: unknown): void => {
    direct.add(name);
    all.add(name);
  };
  const recorder = createRecorder(context, note);
  // What the engine itself asks is no part of the load that is about to begin, nor of one around it.
  try {
    outsideLoads(() => ask(recorder.proxy));
  } catch {
    // Some answer for the object itself only: it is the key of a WeakMap, or a static method reads its private fields.
    const names = new Set<unknown>();
    outsideLoads(() => recordItself(context, ask, names));
    for (const name of names) note(name);
    return;
  }
  if (recorder.runsCode()) outsideLoads(() => recordInner(context, { ask, thoroughly }, all));
}

/** Notes what is read of the object itself, which serves, so that its private fields work. */
function createRecorder(
  context: object,
  note: (name: unknown) => void,
): { proxy: unknown; runsCode: () => boolean } {
  let runsCode = false;
  const proxy = new Proxy(context, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (target instanceof Map && isByKey(name)) return askingByKey(target, value, note);
      note(name);
      runsCode ||= typeof value === 'function' || isGetter(target, name);
      // A proxy may not answer with anything else than what is there for good.
      const isFixed = Object.getOwnPropertyDescriptor(target, name)?.configurable === false;
      return typeof value === 'function' && !isFixed ? (value.bind(target) as unknown) : value;
    },
    has(target, name) {
      note(name);
      return Reflect.has(target, name);
    },
  });
  return { proxy, runsCode: () => runsCode };
}

/** The same by the object itself. @throws what it throws */
function recordItself(context: object, ask: (context: unknown) => unknown, names: Set<unknown>): void {
  if (isVirtual(context)) ask(context);
  else askWatched(context, watchable(context, namesOf(context)), { ask, names });
}

/** Notes what the context's own code reads. It has answered already, so that it may fail here. */
function recordInner(
  context: object,
  { ask, thoroughly }: { ask: (context: unknown) => unknown; thoroughly: boolean },
  names: Set<unknown>,
): void {
  try {
    const all = thoroughly && !isVirtual(context) ? namesOf(context) : undefined;
    const watched = all === undefined ? [] : watchable(context, all);
    // Private fields are reached by the object itself only, so that it is watched where it can be.
    if (all === undefined || watched.length < all.size) ask(standIn(context, names));
    else askWatched(context, watched, { ask, names });
  } catch {
    // What it has read until then is noted.
  }
}

function askWatched(
  context: object,
  own: readonly PropertyKey[],
  { ask, names }: { ask: (context: unknown) => unknown; names: Set<unknown> },
): void {
  const inherited = layersOf(context).slice(1);
  const byKey = context instanceof Map ? watchable(context, BY_KEY) : [];
  const unwatches = [
    watch(context, [...own, ...byKey]),
    ...inherited.map((layer) => watch(layer, watchable(layer, Reflect.ownKeys(layer)))),
  ];
  const onRead = (owner: object, name: PropertyKey, value: unknown): unknown => {
    if (owner instanceof Map && isByKey(name)) return askingByKey(owner, value, (key) => names.add(key));
    names.add(name);
    return value;
  };
  try {
    runLoad({ onRead }, () => ask(context));
  } finally {
    endLoad();
    for (const unwatch of unwatches) unwatch();
  }
}

/** Its getters and methods are run on the stand-in, so that their reads are noted. */
function standIn(context: object, names: Set<unknown>): unknown {
  const proxy: unknown = new Proxy(context, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, proxy);
      if (target instanceof Map && isByKey(name)) return askingByKey(target, value, (key) => names.add(key));
      names.add(name);
      return value;
    },
    has(target, name) {
      names.add(name);
      return Reflect.has(target, name);
    },
  });
  return proxy;
}

function isGetter(object: object, name: PropertyKey): boolean {
  for (let owner: unknown = object; typeof owner === 'object' && owner !== null;) {
    const property = Object.getOwnPropertyDescriptor(owner, name);
    if (property !== undefined) return property.get !== undefined;
    owner = Object.getPrototypeOf(owner);
  }
  return false;
}
