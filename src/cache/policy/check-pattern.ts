import type { CachedArguments, FieldSite } from './field-site.js';
import { patternTable } from './pattern-table.js';

const KIND_NAMES: Readonly<Record<FieldSite['kind'], string>> = {
  query: 'Query fields',
  mutation: 'Mutation fields',
  subscription: 'Subscription fields',
  object: 'object fields',
  interface: 'interface fields',
};

/** Faults of a pattern on this kind of field, each as the end of a sentence. */
export function checkPattern(site: FieldSite, { pattern, scope }: CachedArguments): string[] {
  const faults: string[] = [];
  const { standsOn } = patternTable[pattern];
  if (!standsOn.includes(site.kind)) {
    const where = standsOn.map((kind) => KIND_NAMES[kind]).join(' and ');
    faults.push(`pattern ${pattern} stands on ${where} only; ${mendFor(site)}`);
  }
  if (pattern === 'PREFETCH' && scope === 'PRIVATE') {
    faults.push('pattern PREFETCH loads before anyone asks, so it needs scope: PUBLIC');
  }
  const needsResolver = pattern === 'CACHE_ASIDE' || pattern === 'PREFETCH';
  if (needsResolver && standsOn.includes(site.kind) && !site.hasResolver) {
    faults.push(
      `pattern ${pattern} needs a resolver that loads; write one, or use READ_THROUGH with an origin`,
    );
  }
  return faults;
}

function mendFor(site: FieldSite): string {
  const fitting = Object.entries(patternTable).flatMap(([pattern, { standsOn }]) =>
    standsOn.includes(site.kind) ? [pattern] : [],
  );
  if (site.kind === 'interface') return 'put @cached on the fields of the object types';
  if (fitting.length === 0) return `remove @cached: ${KIND_NAMES[site.kind]} cannot be cached`;
  return `on this field use ${list(fitting)}`;
}

function list(patterns: readonly string[]): string {
  return patterns.length < 2
    ? patterns.join('')
    : `${patterns.slice(0, -1).join(', ')} or ${patterns.at(-1)}`;
}
