import { parseTemplate, type Placeholder, type Template } from '../keys/template.js';
import type { FieldSite, Reached } from './field-site.js';

/** A template that passed, or what is wrong with it, each as the end of a sentence. */
export type CheckedTemplate =
  | { readonly template: Template; readonly faults: readonly [] }
  | { readonly template: undefined; readonly faults: readonly string[] };

export interface TemplateRules {
  /** What the template is called in a sentence: `key`, `tag`. */
  readonly name: string;
  readonly source: string;
  readonly roots: readonly Placeholder['root'][];
}

/** Parses a template and checks that each placeholder names something that exists at this field. */
export function checkTemplate(site: FieldSite, { name, source, roots }: TemplateRules): CheckedTemplate {
  const template = parseTemplate(source);
  if (typeof template === 'string') return failed([`${name} "${source}" ${template}`]);
  const faults = template.placeholders.flatMap((placeholder) => {
    const fault = placeholderFault(site, placeholder, roots);
    return fault === undefined ? [] : [`${name} "${source}" ${fault}`];
  });
  const lists = template.placeholders.filter((placeholder) => reachedBy(site, placeholder) === 'list');
  if (lists.length > 1) faults.push(`${name} "${source}" has more than one list placeholder; keep one`);
  if (faults.length > 0) return failed(faults);
  const leafAt = template.placeholders.map((placeholder) => reachedBy(site, placeholder) === 'value');
  return { template: Object.freeze({ ...template, leafAt }), faults: [] };
}

function failed(faults: readonly string[]): CheckedTemplate {
  return { template: undefined, faults };
}

/** Where a placeholder leads, as far as the schema knows. */
export function reachedBy(site: FieldSite, { root, path }: Placeholder): Reached | undefined {
  switch (root) {
    case 'args':
      return site.argumentAt(path);
    case 'parent':
      return site.parentAt(path);
    case 'result':
      return site.resultAt(path);
    case 'viewer':
      return 'value';
  }
}

function placeholderFault(
  site: FieldSite,
  placeholder: Placeholder,
  roots: readonly Placeholder['root'][],
): string | undefined {
  const { root, text } = placeholder;
  if (!roots.includes(root)) {
    const allowed = roots.map((name) => (name === 'viewer' ? '{viewer.id}' : `{${name}.x}`)).join(', ');
    return `cannot use ${text} here; only ${allowed} can stand there`;
  }
  if (root === 'args' && reachedBy(site, placeholder) === undefined) {
    return `has the unknown placeholder ${text}; ${site.coordinate} has no such argument`;
  }
  if (root === 'result' && reachedBy(site, placeholder) === undefined) {
    return `has the unknown placeholder ${text}; ${site.typeText} has no such field`;
  }
  if (root === 'parent' && site.kind !== 'object') {
    return `has the unknown placeholder ${text}; a root field has no parent`;
  }
  // A parent is a row: it may have columns that the schema does not show, so its fields are looked up at run time.
  return undefined;
}
