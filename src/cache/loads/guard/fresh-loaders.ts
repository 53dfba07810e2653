import { propertiesOf } from './watched-object.js';

/** What is used of a DataLoader; whatever has these methods is treated as one. */
interface Loader {
  load(key: unknown): unknown;
  loadMany(keys: readonly unknown[]): unknown;
  clearAll(): unknown;
}

/** What one load has emptied already: what it memoises itself is as new as the load. */
export interface Emptied {
  /** Loads of one kind may share a batch: those of one scope that vary by the same. */
  readonly sharedBy: string;
  /** By each, how often its loads had touched the viewer by then. */
  readonly loaders: Map<object, number>;
}

// A batch that several loads share runs as a part of the first one: what it reads is told to that one alone.
const touches = new WeakMap<object, Map<string, number>>();

/** Remembers that a load has touched the viewer, for those that may share its batches. */
export function noteTouch({ sharedBy, loaders }: Emptied): void {
  for (const loader of loaders.keys()) {
    const byKind = touches.get(loader) ?? new Map<string, number>();
    touches.set(loader, byKind.set(sharedBy, (byKind.get(sharedBy) ?? 0) + 1));
  }
}

/** True where a load that may share its batches has touched the viewer since. */
export function sharesTouch({ sharedBy, loaders }: Emptied): boolean {
  for (const [loader, before] of loaders) if (touchesOf(loader, sharedBy) !== before) return true;
  return false;
}

function touchesOf(loader: object, sharedBy: string): number {
  return touches.get(loader)?.get(sharedBy) ?? 0;
}

// Which loads have begun a batch: those of one kind may share it, and what others began is theirs.
const batchKinds = new WeakMap<object, string>();

/** Remembers the batches that a load has begun, so that other loads of its kind join them. */
export function noteBatches({ sharedBy, loaders }: Emptied): void {
  for (const loader of loaders.keys()) {
    const batch = batchOf(loader);
    if (batch !== undefined && !batchKinds.has(batch)) batchKinds.set(batch, sharedBy);
  }
}

/** The batch of a DataLoader that waits for its turn. */
function batchOf(loader: object): object | undefined {
  const batch: unknown = '_batch' in loader ? loader._batch : undefined;
  return typeof batch === 'object' && batch !== null ? batch : undefined;
}

/**
 * Has the DataLoaders of a context forget what they memoised, before a load begins whose value may be stored: what a
 * request memoised before the generations were read could otherwise be stored as newer than it is. Loaders are found in
 * the context, in the Map that it is, and in the plain objects that it holds (`context.loaders.movie`). Getters are left
 * alone, and what they return is emptied when the load reads it.
 */
export function emptyLoaders(context: unknown, emptied: Emptied): void {
  if (typeof context !== 'object' || context === null) return;
  if (context instanceof Map) for (const value of context.values()) emptyFound(value, emptied);
  for (const value of ownValues(context)) emptyFound(value, emptied);
}

/** The same for what stands in a context: a loader, or a plain object of loaders. */
export function emptyFound(value: unknown, emptied: Emptied): void {
  if (typeof value !== 'object' || value === null) return;
  if (isLoader(value)) empty(value, emptied);
  else if (isPlain(value)) for (const item of ownValues(value)) if (isLoader(item)) empty(item, emptied);
}

function empty(loader: Loader, emptied: Emptied): void {
  if (emptied.loaders.has(loader)) return;
  emptied.loaders.set(loader, touchesOf(loader, emptied.sharedBy));
  loader.clearAll();
  // A batch that others began may look at the viewer, and its reads are no part of this load, which begins its own.
  const batch = batchOf(loader);
  if (batch !== undefined && batchKinds.get(batch) !== emptied.sharedBy) Reflect.set(loader, '_batch', null);
}

function ownValues(object: object): unknown[] {
  return Array.from(propertiesOf(object).values(), ({ value }): unknown => value);
}

/** Where getters stand, in a context and in the plain objects that it holds: only a read reveals what they return. */
export function gettersOf(context: object): [object, PropertyKey[]][] {
  const nested = ownValues(context).filter(
    (value) => typeof value === 'object' && value !== null && isPlain(value),
  );
  const owners: unknown[] = [context, ...nested];
  return owners.filter(isOwner).flatMap((owner): [object, PropertyKey[]][] => {
    const names = getterNames(owner);
    return names.length === 0 ? [] : [[owner, names]];
  });
}

function getterNames(object: object): PropertyKey[] {
  const names = new Set<PropertyKey>();
  for (let owner: unknown = object; isOwner(owner); owner = Object.getPrototypeOf(owner)) {
    for (const [name, { get }] of propertiesOf(owner)) if (get !== undefined) names.add(name);
  }
  return [...names];
}

/** What everything inherits, or is a Map's, is no place for loaders. */
function isOwner(value: unknown): value is object {
  return typeof value === 'object' && value !== null && value !== Object.prototype && value !== Map.prototype;
}

function isLoader(value: unknown): value is Loader {
  if (typeof value !== 'object' || value === null) return false;
  const { load, loadMany, clearAll } = value as Partial<Loader>;
  return typeof load === 'function' && typeof loadMany === 'function' && typeof clearAll === 'function';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
