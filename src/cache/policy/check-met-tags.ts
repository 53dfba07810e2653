import { canMeet } from '../keys/can-meet.js';
import { parseTemplate, type Template } from '../keys/template.js';
import { hintOf } from '../nearest-name.js';
import type { CachedArguments } from './field-site.js';
import { namespaceOfSource, namespaceOfTemplate } from '../keys/namespace.js';

/** A tag that a mutation names in `@invalidates`. */
export interface NamedTag {
  readonly coordinate: string;
  readonly template: Template;
}

export interface TagsToMeet {
  /** Of every `@cached`: its key, where it has a template, and its tags. */
  readonly cached: readonly Pick<CachedArguments, 'key' | 'tags'>[];
  /** Namespaces that only `cache.fetch` uses. */
  readonly fetches?: readonly string[] | undefined;
}

/** Faults of tags that no entry can have: such an `@invalidates` does nothing, and what it was meant for stays stale. */
export function checkMetTags(tags: readonly NamedTag[], { cached, fetches = [] }: TagsToMeet): string[] {
  const sources = new Set(
    cached.flatMap(({ key, tags: own }) => [...(typeof key === 'string' ? [key] : []), ...own]),
  );
  const parsed = Array.from(sources, (source) => ({ source, template: parseTemplate(source) }));
  const known = parsed.flatMap(({ template }) => (typeof template === 'string' ? [] : [template]));
  // What a template that cannot be read was to mean is not known: its own fault is told, and none beside it.
  const broken = parsed.flatMap(({ source, template }) =>
    typeof template === 'string' ? [namespaceOfSource(source)] : [],
  );
  const lenient = new Set([...fetches, ...broken]);
  const namespaces = [...new Set([...known.map(namespaceOfTemplate), ...fetches])]
    .filter((name) => name !== '')
    .sort();
  return tags.flatMap(({ coordinate, template }) => {
    if (lenient.has(namespaceOfTemplate(template)) || known.some((one) => canMeet(one, template))) return [];
    return [`@invalidates on ${coordinate}: ${faultOf(template, known, namespaces)}`];
  });
}

function faultOf(template: Template, known: readonly Template[], namespaces: readonly string[]): string {
  const namespace = namespaceOfTemplate(template);
  const fault = `tag "${template.source}" cannot be a key or a tag of any @cached field, so it invalidates nothing`;
  if (namespace === '') return `${fault}; correct it`;
  const fix = `correct it, or pass fetches: ["${namespace}"] to createCache where only cache.fetch uses it`;
  const alike = known
    .filter((one) => namespaceOfTemplate(one) === namespace)
    .map(({ source }) => `"${source}"`);
  if (alike.length > 0) return `${fault}; those of "${namespace}" are ${alike.join(', ')}; ${fix}`;
  const hint = hintOf(namespace, namespaces);
  return hint === undefined ? `${fault}; ${fix}` : `${fault} (${hint}); ${fix}`;
}
