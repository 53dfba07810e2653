import { tellRead } from '../../load-scope.js';

/** The properties of one object as they are for everybody, while accessors stand in their places. */
interface Watched {
  /** Undefined stands for a property that the object itself does not have. */
  readonly own: Map<PropertyKey, PropertyDescriptor | undefined>;
  watchers: number;
}

// For the whole process: caches that are given the same context must not restore it under one another.
const watchedObjects = new WeakMap<object, Watched>();
const stoodFor = new WeakMap<object, object>();
// One a name: objects whose accessors are the same functions keep a common shape, which makes this ten times faster.
const accessors = new Map<PropertyKey, Required<Pick<PropertyDescriptor, 'get' | 'set'>>>();

/**
 * Has reads of these properties told to running loads, until the answer is called by all who have watched. The object
 * stays itself: it keeps its class, its private fields and its identity, and who is in no load reads what is there. See
 * `canWatch`.
 */
export function watch(object: object, names: readonly PropertyKey[]): () => void {
  const known = watchedObjects.get(object);
  const watched = known ?? { own: new Map<PropertyKey, PropertyDescriptor | undefined>(), watchers: 0 };
  watchedObjects.set(object, watched);
  watched.watchers += 1;
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(object, name);
    // Known, unless it was removed or defined anew meanwhile: then nothing stands before it.
    if (watched.own.has(name) && own?.get === accessorOf(name).get) continue;
    watched.own.set(name, own);
    const enumerable = own?.enumerable ?? false;
    Object.defineProperty(object, name, { ...accessorOf(name), enumerable, configurable: true });
  }
  return () => {
    watched.watchers -= 1;
    if (watched.watchers === 0) restore(object, watched);
  };
}

/** Whether the object allows it: a frozen one does not, nor does a property that is not configurable. */
export function canWatch(object: object, name: PropertyKey): boolean {
  return Object.getOwnPropertyDescriptor(object, name)?.configurable ?? Object.isExtensible(object);
}

/** The own properties of an object, as they are for everybody. */
export function propertiesOf(object: object): Map<PropertyKey, PropertyDescriptor> {
  const own = watchedObjects.get(object)?.own;
  const properties = new Map<PropertyKey, PropertyDescriptor>();
  for (const name of Reflect.ownKeys(object)) {
    const property = own?.has(name) === true ? own.get(name) : Object.getOwnPropertyDescriptor(object, name);
    if (property !== undefined) properties.set(name, property);
  }
  return properties;
}

function restore(object: object, { own }: Watched): void {
  for (const [name, before] of own) {
    const now = Object.getOwnPropertyDescriptor(object, name);
    const isOurs = now?.get === accessorOf(name).get;
    // Frozen meanwhile: the accessor stays, and goes on answering with what was there.
    if (isOurs && now?.configurable === false) continue;
    own.delete(name);
    // What was removed or defined anew meanwhile is left as it is.
    if (!isOurs) continue;
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  }
  if (own.size === 0) watchedObjects.delete(object);
}

function accessorOf(name: PropertyKey): Required<Pick<PropertyDescriptor, 'get' | 'set'>> {
  let accessor = accessors.get(name);
  if (accessor === undefined) {
    accessor = {
      get(this: object) {
        const before = outermost;
        outermost ??= name;
        try {
          return tellRead(ownerOf(this), name, valueFor(this, name));
        } finally {
          outermost = before;
        }
      },
      set(this: object, value: unknown) {
        assign(this, name, value);
      },
    };
    accessors.set(name, accessor);
  }
  return accessor;
}

// While a getter runs, it reads on behalf of the code that reads it.
let outermost: PropertyKey | undefined;

/** By which property the load itself came to what is told just now: getters read others on their way. */
export function readBy(): PropertyKey | undefined {
  return outermost;
}

/** Has reads of what stands before an object count as reads of that object. */
export function readsFor(object: object, standIn: object): void {
  stoodFor.set(standIn, object);
}

/** The object that is watched: the one that is read, the one that it stands for, or the one that it inherits from. */
function ownerOf(reader: object): object {
  for (
    let object: unknown = stoodFor.get(reader) ?? reader;
    isObject(object);
    object = Object.getPrototypeOf(object)
  ) {
    if (watchedObjects.has(object)) return object;
  }
  return reader;
}

function valueFor(reader: object, name: PropertyKey): unknown {
  const owner = ownerOf(reader);
  const own = watchedObjects.get(owner)?.own.get(name);
  if (own !== undefined) return own.get === undefined ? own.value : own.get.call(reader);
  const inherited = inheritedProperty(owner, name);
  return inherited?.get === undefined ? inherited?.value : inherited.get.call(reader);
}

/** As assigning would do without an accessor in between; what is written stays when the watch ends. */
function assign(reader: object, name: PropertyKey, value: unknown): void {
  const owner = ownerOf(reader);
  const properties = watchedObjects.get(owner)?.own;
  // A copy that was made by descriptors while a load ran cannot be restored.
  if (properties === undefined) {
    Object.defineProperty(reader, name, { ...NEW_PROPERTY, value });
    return;
  }
  const own = properties.get(name);
  const present = own ?? inheritedProperty(owner, name);
  if (present?.set !== undefined) present.set.call(reader, value);
  else if (present !== undefined && (present.get !== undefined || present.writable === false)) {
    throw new TypeError(`Cannot assign to read only property '${String(name)}' of the context`);
  } else if (reader === owner) {
    properties.set(name, { ...(own ?? NEW_PROPERTY), value });
    // It is there from now on, for those as well who list or copy what there is.
    if (own === undefined) Object.defineProperty(owner, name, { enumerable: true });
  } else Object.defineProperty(reader, name, { ...NEW_PROPERTY, value });
}

const NEW_PROPERTY = { writable: true, enumerable: true, configurable: true } as const;

function inheritedProperty(object: object, name: PropertyKey): PropertyDescriptor | undefined {
  for (
    let owner: unknown = Object.getPrototypeOf(object);
    isObject(owner);
    owner = Object.getPrototypeOf(owner)
  ) {
    // One that is watched as well is asked for what is there, and not through its accessor.
    const own = watchedObjects.get(owner)?.own;
    const found = own?.has(name) === true ? own.get(name) : Object.getOwnPropertyDescriptor(owner, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
