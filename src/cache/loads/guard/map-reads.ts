/** The methods of a Map that read one key. */
export const BY_KEY: readonly PropertyKey[] = ['get', 'has'];

export function isByKey(name: PropertyKey): boolean {
  return BY_KEY.includes(name);
}

/** The same method, by which `look` is told of each key that is asked for, and of what is there. */
export function askingByKey(
  map: Map<unknown, unknown>,
  method: unknown,
  look: (key: unknown, value: unknown) => void,
): unknown {
  if (typeof method !== 'function') return method;
  return (key: unknown): unknown => {
    // Not by the map's own method, which is the one that is watched.
    look(key, Map.prototype.get.call(map, key));
    return method.call(map, key) as unknown;
  };
}
