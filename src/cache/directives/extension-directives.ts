/** What `extensions.directives` of a code-first schema says, and each use of a directive by its name. */
export type NamedUse = readonly [name: string, use: unknown];

/**
 * The uses of all directives: `{ cached: {…} }`, `{ invalidates: [{…}, {…}] }`, or `[{ name: 'cached', args: {…} }]`. What is
 * undefined or null is not there.
 */
export function namedUses(extension: unknown): readonly NamedUse[] {
  if (Array.isArray(extension)) {
    return extension.flatMap((one: unknown): NamedUse[] =>
      isObject(one) && typeof one['name'] === 'string' ? [[one['name'], one['args'] ?? {}]] : [],
    );
  }
  if (!isObject(extension)) return [];
  return Object.entries(extension).flatMap(([name, uses]): NamedUse[] => {
    const list: readonly unknown[] = Array.isArray(uses) ? uses : [uses];
    return list.flatMap((use): NamedUse[] => (use === undefined || use === null ? [] : [[name, use]]));
  });
}

/** The uses of one directive. */
export function extensionUses(extension: unknown, name: string): readonly unknown[] {
  return namedUses(extension).flatMap(([named, use]) => (named === name ? [use] : []));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
