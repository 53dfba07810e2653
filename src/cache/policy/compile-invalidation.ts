import { valueOf, type Placeholder, type Template, type TemplateInputs } from '../keys/template.js';
import { shownTags } from '../keys/variant-in-text.js';
import type { LiveCounters } from '../metrics/field-counters.js';
import type { InvalidationPolicy, NamedTags } from './write-policy.js';
import type { Variants } from '../vary/variants.js';
import type { ViewerId } from '../vary/viewer-id.js';
import { checkTemplate } from './check-template.js';
import type { FieldSite } from './field-site.js';
import { namespaceOfTemplate } from '../keys/namespace.js';
import { renderTag } from './render-tags.js';
import { compileSettled, type TimeLimits } from './settled-result.js';
import { compileTakeArguments } from './taken-arguments.js';

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
  readonly clock: TimeLimits;
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
  const takeArguments = compileTakeArguments(templates);
  const tagged = templates.map((template) => ({
    template,
    settled: compileSettled(template, options.clock),
    rowText: compileRowText(coordinate, template, options),
  }));
  const onUnnamed = (template: Template): void => options.onUnnamed(coordinate, template.source);
  const begin: InvalidationPolicy['begin'] = ({ args: given, context, viewerOf }) => {
    const args = takeArguments(given);
    const viewerOfCall = usesViewer ? viewerOf(context) : undefined;
    const begun = tagged.map((one) => ({ ...one, row: one.rowText.before(context) }));
    return (given) => {
      const viewers = usesViewer ? alsoLater(viewerOfCall, () => viewerOf(context)) : NO_VIEWER;
      const later: Promise<readonly string[]>[] = [];
      const tags = begun.flatMap(({ template, settled, rowText, row }) => {
        const rows = alsoLater(row, () => rowText.after(context));
        const named = (result: unknown): readonly string[] => {
          const texts = namedTags(template, { args, result }, { viewers, onUnnamed });
          return rows.flatMap((of) => texts.map((text) => text + of));
        };
        const there = settled(given);
        if (there === undefined) return named(given);
        later.push(
          there.then(({ result, isWhole }) => {
            if (!isWhole) onUnnamed(template);
            return named(result);
          }),
        );
        return NO_TAGS;
      });
      return { tags, later: later.length === 0 ? undefined : Promise.all(later).then((all) => all.flat()) };
    };
  };
  return {
    policy: Object.freeze({
      coordinate,
      counters: options.countersOf(coordinate),
      begin,
      isDeclared: true,
      shown: shownTags([...options.variants.rowNames]),
    }),
    faults,
    namespaces,
    templates,
  };
}

const NO_TAGS: readonly string[] = Object.freeze([]);
const NO_NAMES: NamedTags = Object.freeze({ tags: NO_TAGS, later: undefined });
const NO_VIEWER: readonly undefined[] = Object.freeze([undefined]);

function noTags(): NamedTags {
  return NO_NAMES;
}

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
    begin: () => noTags,
    isDeclared: false,
    shown,
  });
}

/** What a call began with, and what its resolver has made of it, as a sign-in does with the viewer: it may have changed the rows of both. */
function alsoLater<T>(before: T, ask: () => T): readonly T[] {
  try {
    const later = ask();
    return later === before ? [before] : [before, later];
  } catch {
    // There is none any more, as after a sign-out. The write has happened, and what it began with is known.
    return [before];
  }
}

/** What a tag ends in for the rows of the writer's tenant; nothing where it means the rows of all. */
interface RowText {
  /** Before the resolver, which may still say which tenant it is: nothing is noted of it. */
  before(context: unknown): string;
  after(context: unknown): string;
}

const NO_ROWS: RowText = Object.freeze({ before: () => '', after: () => '' });

function compileRowText(
  coordinate: string,
  template: Template,
  { variants, rowNamesOf }: Pick<InvalidationOptions, 'variants' | 'rowNamesOf'>,
): RowText {
  if (variants.rowNames.size === 0) return NO_ROWS;
  let found: RowText | undefined;
  // All fields are known once the first call comes.
  const rowText = (): RowText => (found ??= rowTextBy(rowNamesOf(template), { variants, coordinate }));
  return {
    before: (context) => rowText().before(context),
    after: (context) => rowText().after(context),
  };
}

function rowTextBy(
  names: readonly string[],
  { variants, coordinate }: { variants: Variants; coordinate: string },
): RowText {
  if (names.length === 0) return NO_ROWS;
  const [before, after] = [variants.unnoted(names, coordinate), variants.of(names, coordinate)];
  return { before: (context) => before(context).rowText, after: (context) => after(context).rowText };
}

function needs(template: Template, root: 'viewer' | 'result'): boolean {
  return template.placeholders.some((placeholder) => placeholder.root === root);
}

function namedTags(
  template: Template,
  inputs: Omit<TemplateInputs, 'viewerId'>,
  { viewers, onUnnamed }: { viewers: readonly ViewerId[]; onUnnamed: (template: Template) => void },
): readonly string[] {
  if (needs(template, 'result') && (inputs.result === undefined || inputs.result === null)) return NO_TAGS;
  const known = needs(template, 'viewer') ? viewers.filter((id) => id !== undefined) : NO_VIEWER;
  if (known.length === 0) return NO_TAGS;
  try {
    if (!template.placeholders.some((placeholder) => resultLacks(placeholder, inputs)))
      return known.flatMap((viewerId) => renderTag(template, { ...inputs, viewerId }));
  } catch {
    // It has no text, or the result cannot be read, as a row of which a relation was not loaded.
  }
  onUnnamed(template);
  return NO_TAGS;
}

/** A row may lack what its GraphQL type computes; such a tag cannot be named, which must not stay silent. */
function resultLacks(placeholder: Placeholder, inputs: TemplateInputs): boolean {
  return placeholder.root === 'result' && valueOf(placeholder, inputs) === undefined;
}
