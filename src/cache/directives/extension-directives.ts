/** What `extensions.directives` of a code-first schema says, and each use of a directive by its name. */
export type NamedUse = readonly [name: string, use: unknown];

type Extensions = Readonly<Record<string, unknown>>;

/** One use of a directive in the extensions of a field or type, and where it stands. */
export interface PlacedUse {
  readonly place: string;
  readonly use: unknown;
}

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
  return Object.entries(extension).flatMap(([name, uses]): NamedUse[] =>
    listOf(uses).flatMap((use): NamedUse[] => (use === undefined || use === null ? [] : [[name, use]])),
  );
}

/**
 * The uses of one directive, wherever code-first libraries keep them: in `extensions.directives`, and as options that Pothos
 * and Nexus do not know themselves, `t.field({ cached: {…} })`.
 */
export function codeFirstUses(extensions: Extensions, name: string): readonly PlacedUse[] {
  const nexus = extensions['nexus'];
  const places: readonly [place: string, held: unknown][] = [
    ['extensions.directives', extensions['directives']],
    ['extensions.pothosOptions', ownUses(extensions['pothosOptions'], name)],
    ['extensions.nexus.config', ownUses(isObject(nexus) ? nexus['config'] : undefined, name)],
  ];
  return places.flatMap(([place, held]) =>
    namedUses(held).flatMap(([named, use]) => (named === name ? [{ place: `${place}.${name}`, use }] : [])),
  );
}

/** Of the options of a field those with the name only; the others are no directives. */
function ownUses(options: unknown, name: string): unknown {
  return isObject(options) ? { [name]: options[name] } : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
