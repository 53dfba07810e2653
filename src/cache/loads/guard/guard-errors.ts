import { CacheError } from '../../errors.js';

/** The sentence of a PUBLIC load that looked at the viewer. */
export function viewerTouched(coordinate: string, name: unknown): CacheError {
  return new CacheError(
    'CACHE_VIEWER_IN_PUBLIC_LOAD',
    `${coordinate} is cached for everybody (scope: PUBLIC), but its load read ${property(name)}; ` +
      'give the field scope: PRIVATE, or do not look at the viewer',
  );
}

/** The sentence of a load that looked at what its field does not vary by. */
export function variantTouched(
  coordinate: string,
  name: unknown,
  { missing, vary }: { missing: string; vary: readonly string[] },
): CacheError {
  const written = [...vary, missing].map((one) => `"${one}"`).join(', ');
  return new CacheError(
    'CACHE_UNDECLARED_READ',
    `${coordinate} is cached once for every ${missing}, but its load read ${property(name)}, which vary.${missing} reads; ` +
      `give the field @cached(vary: [${written}]), or do not look at it`,
  );
}

/** The sentence of a load that read what nothing is declared about. */
export function undeclaredRead(coordinate: string, name: unknown): CacheError {
  const short = typeof name === 'string' ? name : 'value';
  return new CacheError(
    'CACHE_UNDECLARED_READ',
    `${coordinate} is cached for everybody (scope: PUBLIC), but its load read ${property(name)}, of which nothing is declared; ` +
      `if it is the same for every reader, declare createCache({ neutral: [${quoted(name)}] }); if answers differ by it, ` +
      `declare createCache({ vary: { ${short}: (context) => … } }) and give the field @cached(vary: ["${short}"]), or scope: PRIVATE`,
  );
}

export function neutralConflict(name: unknown, reader: string): CacheError {
  return new CacheError(
    'CACHE_UNDECLARED_READ',
    `createCache: neutral names ${quoted(name)}, which ${reader} reads; remove it from neutral, ` +
      'and put what is the same for every reader into a property of its own',
  );
}

function property(name: unknown): string {
  return typeof name === 'symbol' ? `context[${String(name)}]` : `context.${String(name)}`;
}

function quoted(name: unknown): string {
  return typeof name === 'symbol' ? String(name) : `"${String(name)}"`;
}
