import { valueOf, type Placeholder, type Template, type TemplateInputs } from '../keys/template.js';
import { UnkeyableValue } from '../keys/unkeyable-value.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { InvalidationPolicy } from '../patterns/invalidates.js';
import { checkTemplate } from './check-template.js';
import type { FieldSite } from './field-site.js';
import { firstPart } from './namespace.js';
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
  readonly countersOf: (coordinate: string) => FieldCounters;
  /** Told when a tag cannot be named from what the call returned. */
  readonly onUnnamed: (coordinate: string, tag: string) => void;
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
    ...new Set(templates.filter(({ placeholders }) => placeholders.length > 0).map(firstPart)),
  ];
  if (faults.length > 0) return { policy: undefined, faults, namespaces, templates };
  const { coordinate } = site;
  const tagsOf = (inputs: TemplateInputs): readonly string[] =>
    templates.flatMap((template) =>
      namedTags(template, inputs, () => options.onUnnamed(coordinate, template.source)),
    );
  return {
    policy: Object.freeze({
      coordinate,
      counters: options.countersOf(coordinate),
      tagsOf,
      usesViewer,
      isDeclared: true,
    }),
    faults,
    namespaces,
    templates,
  };
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** The policy of a mutation that names no tags: what its rows mean is known to the triggers, if anybody. */
export function undeclaredInvalidation(
  coordinate: string,
  { countersOf }: Pick<InvalidationOptions, 'countersOf'>,
): InvalidationPolicy {
  const counters = countersOf(coordinate);
  return Object.freeze({ coordinate, counters, tagsOf: () => NO_TAGS, usesViewer: false, isDeclared: false });
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
