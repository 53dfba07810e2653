import type { Features } from './features.js';
import type { ArgumentPlan, FieldPlan, NamespacePlan, Resolved } from './schema-plan.js';
import type { Random } from './seeded-random.js';

/** What a second field declares that uses the explicit key of another one. */
export interface SharedKey {
  readonly namespace: string;
  readonly type: string;
  readonly directives: string;
  readonly answer: Resolved;
}

/** A schema while it is being generated. */
export interface SchemaDraft {
  readonly random: Random;
  readonly features: Features;
  readonly fields: Map<string, FieldPlan>;
  readonly namespaces: Map<string, NamespacePlan>;
  readonly sharedKeys: SharedKey[];
  /** Explicit keys of the form `K1:{id}`, which a mutation can name. */
  readonly touchableKeys: string[];
  /** The arguments of a field, which are the same wherever its name stands. */
  readonly argumentsOf: Map<string, readonly Omit<ArgumentPlan, 'defaultText'>[]>;
  nextKey: number;
}

export const STATIC_SUBJECTS: readonly string[] = ['S0', 'S1'];
export const ID_SUBJECTS: readonly string[] = ['N0', 'N1'];
export const VIEWER_SUBJECT = 'V0:{viewer.id}';
/** What fields can vary by; see `Asker`. */
export const VARY_NAMES = ['tenant', 'locale'] as const;
export const TTL_SECONDS = 600;

/** Leaf fields: one type for each name, so that selections on several types can be merged. */
export const LEAF_FIELDS: Readonly<Record<string, string>> = {
  title: 'String',
  count: 'Int',
  ratio: 'Float',
  flag: 'Boolean',
  when: 'Date',
  tags: '[String]',
  grid: '[[Int]]',
  mood: 'Mood',
  moods: '[Mood!]',
  extra: 'JSON',
};

const ARGUMENTS: Readonly<Record<string, { readonly type: string; readonly defaults: readonly string[] }>> = {
  id: { type: 'ID', defaults: ['"1"', '2'] },
  n: { type: 'Int', defaults: ['0', '2'] },
  size: { type: 'Float', defaults: ['1.0'] },
  text: { type: 'String', defaults: ['""', '"a"', 'null'] },
  mood: { type: 'Mood', defaults: ['CALM', 'WILD'] },
  filter: { type: 'Filter', defaults: ['{}', '{ min: 2 }'] },
  nums: { type: '[Int]', defaults: ['[]', '[1, null]'] },
  json: { type: 'JSON', defaults: ['1', '"1"', '{ a: 1 }'] },
  day: { type: 'Date', defaults: ['"2001-01-01T00:00:00.000Z"'] },
};

/** Arguments for a field of this name; each place has defaults of its own, as GraphQL allows. */
export function argumentsFor(draft: SchemaDraft, name: string): ArgumentPlan[] {
  const { random, argumentsOf } = draft;
  let chosen = argumentsOf.get(name);
  if (chosen === undefined) {
    const names = random.chance(0.5) ? [] : random.some(Object.keys(ARGUMENTS), 0.25).slice(0, 2);
    chosen = names.map((argument) => ({ name: argument, type: ARGUMENTS[argument]?.type ?? 'Int' }));
    argumentsOf.set(name, chosen);
  }
  return chosen.map((argument) => {
    const defaults = ARGUMENTS[argument.name]?.defaults ?? [];
    return { ...argument, defaultText: random.chance(0.35) ? random.pick(defaults) : undefined };
  });
}

/** Names by which a field varies; mostly none. */
export function drawVary({ random, features }: SchemaDraft, share: number): readonly string[] {
  return features.vary && random.chance(share) ? random.some(VARY_NAMES, 0.6) : [];
}

/** As an argument of `@cached`, with a comma before it. */
export function varyText(vary: readonly string[]): string {
  return vary.length === 0 ? '' : `, vary: ${JSON.stringify(vary)}`;
}
