import type { Template } from './template.js';

/** What stands before the first colon of a key or a tag: `Movie` of `Movie:42` and of `Movie`. */
export function namespaceOf(key: string): string {
  const colon = key.indexOf(':');
  return colon < 0 ? key : key.slice(0, colon);
}

/** Those of several, each once. */
export function namespacesOf(keys: readonly string[]): readonly string[] {
  return [...new Set(keys.map(namespaceOf))];
}

/** The same of a template: `Movie` of `Movie:{args.id}`. */
export function namespaceOfTemplate({ literals: [before = ''] }: Template): string {
  return namespaceOf(before);
}

/** The same of a template as it is written, also of one that cannot be read. */
export function namespaceOfSource(source: string): string {
  return source.split(/[:{]/)[0] ?? '';
}
