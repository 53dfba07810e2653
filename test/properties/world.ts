import type { RequestContext } from './request-context.js';
import { hashOf } from './seeded-random.js';

/** What a template or an input may look at during one call. */
export interface CallInputs {
  readonly args: Readonly<Record<string, unknown>>;
  readonly parent?: unknown;
  readonly viewerId: string | number | undefined;
  /** What fields that vary look at. */
  readonly vary?: Readonly<Record<string, unknown>> | undefined;
}

/** The state behind all resolvers: how often each subject was touched. Everything else follows from it. */
export class World {
  readonly #versions = new Map<string, number>();

  versionOf(subject: string): number {
    return this.#versions.get(subject) ?? 0;
  }

  touch(subject: string): void {
    this.#versions.set(subject, this.versionOf(subject) + 1);
  }
}

/** The subjects that a template such as `N0:{args.ids}` names in one call. */
export function subjectsOf(template: string, inputs: CallInputs): readonly string[] {
  const path = /\{(.*)\}/.exec(template)?.[1];
  if (path === undefined) return [template];
  const value = inputAt(path, inputs);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((one) => template.replace(/\{.*\}/, () => idText(one)));
}

/** The value of `parent.id`, `args.filter.min`, `args` or `viewer.id`. */
export function inputAt(path: string, inputs: CallInputs): unknown {
  if (path === 'viewer.id') return inputs.viewerId ?? 'guest';
  let value: unknown = inputs;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** Ids are told apart by their digits: `1` of a row and `"1"` of an argument are one id. */
export function inputText(path: string, inputs: CallInputs): string {
  const value = inputAt(path, inputs);
  return path.endsWith('.id') ? idText(value) : stableText(value);
}

function idText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : stableText(value);
}

/** Equal for deep-equal values only; an absent property and one that is undefined are the same. */
export function stableText(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, item]) => item !== undefined);
  fields.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${stableText(item)}`).join(',')}}`;
}

/** One of `sides` numbers, decided by the text. */
export function roll(text: string, sides: number): number {
  return hashOf(text) % sides;
}

/** Who is asking, as resolvers that may know it see it. */
export function viewerOf(context: RequestContext): string | number | undefined {
  return context.viewer?.id;
}
