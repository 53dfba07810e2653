import { unheard } from '../maybe-promise.js';
import { keyComponent, type Component } from './component.js';
import { shortenKey } from './shorten-key.js';
import type { Variant } from './variant.js';

/** Where a placeholder takes its value from. */
export type PlaceholderRoot = 'args' | 'parent' | 'viewer' | 'result';

export interface Placeholder {
  readonly root: PlaceholderRoot;
  readonly path: readonly string[];
  /** As written, braces included: `{args.id}`. */
  readonly text: string;
}

/** A parsed template: literal text and placeholders in turn, beginning and ending with a literal. */
export interface Template {
  readonly source: string;
  readonly literals: readonly string[];
  readonly placeholders: readonly Placeholder[];
  /** True where a placeholder is a part of what stands between two separators, as in `user-{args.id}`, or begins the template. */
  readonly hasTextBeside: boolean;
  /** Of which placeholders the schema says that they are one value, and no list, though a scalar may make a list of it; where it was asked. */
  readonly leafAt?: readonly boolean[];
}

/** What placeholders may read during one call. */
export interface TemplateInputs {
  readonly args: Readonly<Record<string, unknown>>;
  readonly parent?: unknown;
  readonly viewerId?: string | number | undefined;
  readonly result?: unknown;
  /** Which variant of the entry is meant, where the field varies; templates do not read it. */
  readonly variant?: Variant | undefined;
}

const ROOTS: ReadonlySet<string> = new Set(['args', 'parent', 'viewer', 'result']);
const LITERAL = /^[A-Za-z0-9_.:/-]*$/;
/** What no value of a placeholder can contain: it is escaped there. */
const SEPARATOR = /[:/]/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Parses a template; the answer is the template, or the fault as the end of a sentence. */
export function parseTemplate(source: string): Template | string {
  if (source === '') return 'is empty';
  const literals: string[] = [];
  const placeholders: Placeholder[] = [];
  let rest = source;
  for (;;) {
    const open = rest.indexOf('{');
    const literal = open < 0 ? rest : rest.slice(0, open);
    if (!LITERAL.test(literal)) {
      return `has the text "${literal}", but outside of placeholders only letters, digits and _ . : / - can stand`;
    }
    literals.push(literal);
    const joint =
      open < 0 || placeholders.length === 0 ? undefined : flowsTogether(literal, rest, placeholders);
    if (joint !== undefined) return joint;
    if (open < 0)
      return Object.freeze({ source, literals, placeholders, hasTextBeside: hasTextBeside(literals) });
    const close = rest.indexOf('}', open);
    if (close < 0) return 'has a "{" without a "}"';
    const placeholder = parsePlaceholder(rest.slice(open, close + 1));
    if (typeof placeholder === 'string') return placeholder;
    placeholders.push(placeholder);
    rest = rest.slice(close + 1);
  }
}

/** Without a separator that values cannot contain, `1` and `23` would name the same key as `12` and `3`. */
function flowsTogether(literal: string, rest: string, before: readonly Placeholder[]): string | undefined {
  if (SEPARATOR.test(literal)) return undefined;
  const next = rest.slice(rest.indexOf('{'), rest.indexOf('}') + 1);
  return `lets ${before.at(-1)?.text ?? ''} and ${next} flow into one another; put ":" or "/" between them`;
}

/** Between two literals stands one placeholder. */
function hasTextBeside(literals: readonly string[]): boolean {
  const last = literals.length - 1;
  return literals.some(
    (literal, at) =>
      (at < last && !/[:/]$/.test(literal)) ||
      (at > 0 && !/^[:/]/.test(literal) && (at < last || literal !== '')),
  );
}

function parsePlaceholder(text: string): Placeholder | string {
  const [root = '', ...path] = text.slice(1, -1).split('.');
  if (!isRoot(root) || path.length === 0 || !path.every((name) => NAME.test(name))) {
    return `has the unknown placeholder ${text}; write {args.x}, {parent.x}, {viewer.id} or {result.x}`;
  }
  if (root === 'viewer' && (path.length !== 1 || path[0] !== 'id')) {
    return `has the unknown placeholder ${text}; of the viewer only {viewer.id} can be used`;
  }
  return Object.freeze({ root, path: Object.freeze(path), text });
}

function isRoot(text: string): text is PlaceholderRoot {
  return ROOTS.has(text);
}

/** Two templates with the same skeleton name the same keys: `Movie:{}`. */
export function skeletonOf(template: Template): string {
  return template.literals.join('{}');
}

/** The value of a placeholder, undefined where something on its way is missing. */
export function valueOf(placeholder: Placeholder, inputs: TemplateInputs): unknown {
  return placeholder.root === 'viewer'
    ? inputs.viewerId
    : valueIn(inputs[placeholder.root], placeholder.path);
}

/** What a path leads to in an object, undefined where something on its way is missing. */
export function valueIn(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    // Any object may be asked for any name; this is several times faster than Reflect.get.
    value = (value as Readonly<Record<string, unknown>>)[name];
    // A getter may make a promise, which is dropped here and may fail.
    if (typeof value === 'object') unheard(value);
  }
  return value;
}

/**
 * Joins a template with the values of its placeholders, in order, bounded in length.
 * @throws UnkeyableValue when a value has no canonical text.
 */
export function fillTemplate(template: Template, values: readonly unknown[]): string {
  return shortenKey(joinTemplate(template, values));
}

/**
 * The same, however long it gets. `components` says how each of them is written, where that is not as in tags.
 * @throws UnkeyableValue when a value has no canonical text.
 */
export function joinTemplate(
  template: Template,
  values: readonly unknown[],
  components: readonly Component[] = AS_IN_TAGS,
): string {
  let text = template.literals[0] ?? '';
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    text += (components[index] ?? keyComponent)(value);
    text += template.literals[index + 1] ?? '';
  }
  return text;
}

/** The same, with each value as `write` writes its text. */
export function joinComponents(
  { literals }: Template,
  values: readonly unknown[],
  {
    components = AS_IN_TAGS,
    write,
  }: { components?: readonly Component[] | undefined; write: (text: string) => string },
): string {
  const texts = values.map(
    (value, at) => write((components[at] ?? keyComponent)(value)) + (literals[at + 1] ?? ''),
  );
  return (literals[0] ?? '') + texts.join('');
}

const AS_IN_TAGS: readonly Component[] = Object.freeze([]);
