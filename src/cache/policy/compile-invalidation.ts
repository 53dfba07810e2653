import { valueOf, type Placeholder, type Template, type TemplateInputs } from '../keys/template.js';
import { UnkeyableValue } from '../keys/unkeyable-value.js';
import { shownTags } from '../keys/variant-in-text.js';
import type { LiveCounters } from '../metrics/field-counters.js';
import type { InvalidationPolicy } from './write-policy.js';
import type { VariantOf, Variants } from '../vary/variants.js';
import { checkTemplate } from './check-template.js';
import type { FieldSite } from './field-site.js';
import { namespaceOfTemplate } from '../keys/namespace.js';
import { renderTag } from './render-tags.js';

export interface CompiledInvalidation {
  readonly policy: InvalidationPolicy | undefined;
  readonly faults: readonly string[];
  /** Those in which it names single keys. */
  readonly namespaces: readonly string[];
  /** Of its tags, those without a fault. */
  readonly templates: readonly Template[];
}

export interface InvalidationOptions {
  readonly knowsViewer: boolean;
  readonly countersOf: (coordinate: string) => LiveCounters;
  /** Told when a tag cannot be named from what the call returned. */
  readonly onUnnamed: (coordinate: string, tag: string) => void;
  readonly variants: Variants;
  /** The names of `varyTags` whose rows a tag means; asked once all fields are known. */
  readonly rowNamesOf: (tag: Template) => readonly string[];
}

/** Turns the `@invalidates` of one field into a policy, or into everything that is wrong with them. */
export function compileInvalidation(
  site: FieldSite,
  sources: readonly string[],
  options: InvalidationOptions,
): CompiledInvalidation {
  const faults: string[] = [];
  if (site.kind !== 'mutation')
    faults.push('stands on Mutation fields only; move it to the mutation that writes');
  else if (sources.length === 0) faults.push('names no tags; write for example tags: ["Movie:{args.id}"]');
  const roots = ['args', 'viewer', 'result'] as const;
  const checked = sources.map((source) => checkTemplate(site, { name: 'tag', source, roots }));
  faults.push(...checked.flatMap((result) => result.faults));
  const templates = checked.flatMap(({ template }) => (template === undefined ? [] : [template]));
  const usesViewer = templates.some((template) => needs(template, 'viewer'));
  if (usesViewer && !options.knowsViewer) {
    faults.push('uses {viewer.id}, but createCache was given no viewer; pass viewer: (context) => …');
  }
  const namespaces = [
    ...new Set(templates.filter(({ placeholders }) => placeholders.length > 0).map(namespaceOfTemplate)),
  ];
  if (faults.length > 0) return { policy: undefined, faults, namespaces, templates };
  const { coordinate } = site;
  const rowTextOf = compileRowTexts(coordinate, options);
  const tagsOf: InvalidationPolicy['tagsOf'] = (inputs, context) =>
    templates.flatMap((template) => {
      const tags = namedTags(template, inputs, () => options.onUnnamed(coordinate, template.source));
      const rowText = rowTextOf(template, context);
      return rowText === '' ? tags : tags.map((tag) => tag + rowText);
    });
  return {
    policy: Object.freeze({
      coordinate,
      counters: options.countersOf(coordinate),
      tagsOf,
      usesViewer,
      isDeclared: true,
      shown: shownTags([...options.variants.rowNames]),
    }),
    faults,
    namespaces,
    templates,
  };
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** The policy of a mutation that names no tags: what its rows mean is known to the triggers, if there are any. */
export function undeclaredInvalidation(
  coordinate: string,
  { countersOf }: Pick<InvalidationOptions, 'countersOf'>,
): InvalidationPolicy {
  const counters = countersOf(coordinate);
  const shown = (tags: string): string => tags;
  return Object.freeze({
    coordinate,
    counters,
    tagsOf: () => NO_TAGS,
    usesViewer: false,
    isDeclared: false,
    shown,
  });
}

/** Finds what a tag ends in for the rows of the writer's tenant; nothing where it means the rows of all. */
function compileRowTexts(
  coordinate: string,
  { variants, rowNamesOf }: Pick<InvalidationOptions, 'variants' | 'rowNamesOf'>,
): (template: Template, context: unknown) => string {
  if (variants.rowNames.size === 0) return () => '';
  const found = new Map<Template, VariantOf | undefined>();
  return (template, context) => {
    if (!found.has(template)) {
      const names = rowNamesOf(template);
      found.set(template, names.length === 0 ? undefined : variants.of(names, coordinate));
    }
    return found.get(template)?.(context).rowText ?? '';
  };
}

function needs(template: Template, root: 'viewer' | 'result'): boolean {
  return template.placeholders.some((placeholder) => placeholder.root === root);
}

function namedTags(template: Template, inputs: TemplateInputs, onUnnamed: () => void): readonly string[] {
  if (needs(template, 'result') && (inputs.result === undefined || inputs.result === null)) return [];
  if (needs(template, 'viewer') && inputs.viewerId === undefined) return [];
  if (template.placeholders.some((placeholder) => resultLacks(placeholder, inputs))) {
    onUnnamed();
    return [];
  }
  try {
    return renderTag(template, inputs);
  } catch (error) {
    if (!(error instanceof UnkeyableValue)) throw error;
    onUnnamed();
    return [];
  }
}

/** A row may lack what its GraphQL type computes; such a tag cannot be named, which must not stay silent. */
function resultLacks(placeholder: Placeholder, inputs: TemplateInputs): boolean {
  return placeholder.root === 'result' && valueOf(placeholder, inputs) === undefined;
}
