import { parseTemplate } from '../keys/template.js';
import type { CachedArguments } from './field-site.js';

/** The first parts of all keys and tags that entries of a schema can have. */
export interface ReadNamespaces {
  /** `Movie` of `Movie:{args.id}`, and `Query.movie` where the key is the default one. */
  readonly whole: ReadonlySet<string>;
  /** `Top-` of `Top-{args.decade}`. */
  readonly beginnings: readonly string[];
  /** Those of `whole` that only default keys begin with: an entry is named by its arguments as well. */
  readonly ofDefaultKeys: ReadonlySet<string>;
}

export type CachedAt = Pick<CachedArguments, 'key' | 'tags'> & { readonly coordinate: string };

export function readNamespaces(cached: readonly CachedAt[]): ReadNamespaces {
  const named = new Set<string>();
  const ofDefaultKeys = new Set<string>();
  const beginnings = new Set<string>();
  for (const { coordinate, key, tags } of cached) {
    if (typeof key !== 'string') ofDefaultKeys.add(coordinate);
    for (const source of typeof key === 'string' ? [key, ...tags] : tags) {
      const template = parseTemplate(source);
      if (typeof template === 'string') continue;
      const [first = ''] = template.literals;
      if (first.includes(':') || template.placeholders.length === 0) named.add(namespaceIn(first));
      else beginnings.add(first);
    }
  }
  const whole = new Set([...named, ...ofDefaultKeys]);
  for (const name of named) ofDefaultKeys.delete(name);
  return { whole, beginnings: [...beginnings], ofDefaultKeys };
}

/** What stands before the first colon, or before the arguments of a default key. */
export function namespaceIn(tag: string): string {
  return /^[^:(]*/.exec(tag)?.[0] ?? '';
}
