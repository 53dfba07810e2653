import { types } from 'node:util';
import { canWatch } from './watched-object.js';

/** An object that stands for others is never watched in place: nothing says where its properties are. */
export function isVirtual(object: object): boolean {
  return types.isProxy(object);
}

/** The object and the instances that it is derived from, up to what a whole class shares. */
export function layersOf(object: object): readonly object[] {
  const layers = [object];
  for (let next = parentOf(object); next !== undefined && !isShared(next); next = parentOf(next)) {
    if (isVirtual(next)) break;
    layers.push(next);
  }
  return layers;
}

/** What it has by itself or by its class: its properties, its getters and its methods. */
export function namesOf(object: object): ReadonlySet<PropertyKey> {
  const names = new Set<PropertyKey>();
  for (let owner: object | undefined = object; owner !== undefined; owner = parentOf(owner)) {
    for (const name of Reflect.ownKeys(owner)) {
      // The symbols of a class say how its instances behave, and not what they hold.
      if (name !== 'constructor' && (typeof name === 'string' || owner === object)) names.add(name);
    }
  }
  return names;
}

/** Whether a name is one of properties: the keys of Maps may be anything. */
export function isPropertyKey(name: unknown): name is PropertyKey {
  return typeof name === 'string' || typeof name === 'symbol';
}

/** Those of these names that can be watched in place. */
export function watchable(object: object, names: Iterable<PropertyKey>): readonly PropertyKey[] {
  return [...names].filter((name) => canWatch(object, name));
}

/** True for what everything of a kind inherits from, such as a class. */
function isShared(prototype: object): boolean {
  const maker: unknown = Object.hasOwn(prototype, 'constructor')
    ? Reflect.get(prototype, 'constructor')
    : undefined;
  return typeof maker === 'function' && maker.prototype === prototype;
}

/** What it inherits from, as far as that is not everybody's. */
function parentOf(object: object): object | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  const isEnd =
    typeof prototype !== 'object' ||
    prototype === null ||
    prototype === Object.prototype ||
    prototype === Map.prototype;
  return isEnd ? undefined : prototype;
}
