import { CacheError } from '../../errors.js';
import { unheard } from '../../maybe-promise.js';
import { isVirtual } from './context-shape.js';
import {
  emptyFound,
  emptyLoaders,
  gettersOf,
  noteBatches,
  noteTouch,
  sharesTouch,
  type Emptied,
} from './fresh-loaders.js';
import { outsideLoads, type RunningLoad } from '../../load-scope.js';
import { canWatch } from './watched-object.js';
import {
  guardOf,
  rulesOf,
  type GuardedField,
  type GuardOptions,
  type Names,
  type Rules,
} from './public-guard.js';
import { runWatched } from './run-watched.js';

/** A load whose value may be stored, and the context it is given: the user's own. */
interface GuardedLoad {
  readonly context: unknown;
  /** True once the load has touched the viewer, or what its field does not vary by: its value is that reader's alone. */
  touched(): boolean;
  /** Runs the load: until it ends, what it reads of the context is watched, and what others read of it is not. */
  run<T>(work: () => T): T;
}

/** Makes the context of a load whose value may be stored. */
export type LoadContext = (field: GuardedField, context: unknown) => GuardedLoad;

/**
 * For PUBLIC loads the context refuses to reveal the viewer, and what their field does not vary by; for all loads its
 * DataLoaders begin anew. The object is left alone: reads are told apart by the load that they are a part of, so that a
 * closure over the context is seen as well, and other loads of the same request are not disturbed.
 */
export function createLoadContext(options: GuardOptions): LoadContext {
  const rules = rulesOf(options);
  return (field, context) => {
    try {
      return guardedLoad(rules, field, context);
    } catch (error) {
      if (options.throws || error instanceof CacheError) throw error;
      // A proxy that refuses to be looked at is answered all the same: what its loads read is not known.
      return { context, touched: () => true, run: (work) => work() };
    }
  };
}

function guardedLoad(rules: Rules, field: GuardedField, context: unknown): GuardedLoad {
  const sharedBy = [field.scope, ...(field.vary ?? [])].join();
  const emptied: Emptied = { sharedBy, loaders: new Map() };
  emptyLoaders(context, emptied);
  if (typeof context !== 'object' || context === null) return unguarded(rules, field, context);
  const guard =
    field.scope === 'PUBLIC' ? guardOf(rules, field, context, () => noteTouch(emptied)) : undefined;
  const watched = guard === undefined ? [] : guard.watched;
  const getters = isVirtual(context) ? [] : gettersOf(context);
  const withGetters: Names[] = getters.map(([owner, names]) => {
    // They cannot be watched, so that what they return is emptied now.
    for (const name of names) if (!canWatch(owner, name)) emptyFound(peekAt(owner, name), emptied);
    return [owner, names.filter((name) => canWatch(owner, name))];
  });
  let hasEnded = false;
  const touched = (): boolean => guard !== undefined && (guard.touched() || sharesTouch(emptied));
  const load: RunningLoad = {
    touched,
    onRead: (owner, name, value) => {
      // What goes on after a load has ended is no part of its value.
      if (hasEnded) return value;
      emptyFound(value, emptied);
      return guard === undefined ? value : guard.onRead(owner, name, value);
    },
    onReadOfPart: (read, part) =>
      guard === undefined || hasEnded ? read.value : guard.onReadOfPart(read, part),
  };
  const run = <T>(work: () => T): T => {
    const result = work();
    noteBatches(emptied);
    return result;
  };
  const all = [...watched, ...withGetters];
  const end = (): void => void (hasEnded = true);
  return {
    context: guard === undefined ? context : guard.contextFor(() => hasEnded),
    touched,
    run: (work) =>
      runWatched({ load, watched: all, needsScope: guard?.needsStandIn ?? false, end }, () => run(work)),
  };
}

function peekAt(owner: object, name: PropertyKey): unknown {
  try {
    const value = outsideLoads((): unknown => Reflect.get(owner, name));
    unheard(value);
    return value;
  } catch {
    // It may be for others than this load, which is told where it reads it itself.
    return undefined;
  }
}

/** A text or a function cannot be watched: where it has a viewer, any load may look at it. */
function unguarded({ options }: Rules, { scope }: GuardedField, context: unknown): GuardedLoad {
  const mayTouch =
    scope === 'PUBLIC' && context !== undefined && context !== null && hasViewer(options, context);
  return { context, touched: () => mayTouch, run: (work) => work() };
}

function hasViewer({ viewerOf }: GuardOptions, context: unknown): boolean {
  try {
    return outsideLoads(() => viewerOf(context)) !== undefined;
  } catch {
    return true;
  }
}
