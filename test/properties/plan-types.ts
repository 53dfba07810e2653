import { planField } from './plan-field.js';
import { planReference } from './plan-origins.js';
import { argumentsFor, LEAF_FIELDS, type SchemaDraft } from './schema-draft.js';
import type { FieldPlan } from './schema-plan.js';
import { fieldText, typeText } from './sdl-text.js';

/** The types of a schema before their fields are planned. */
export interface TypeNames {
  readonly types: readonly string[];
  /** Of the folders among them: the type of what each holds. */
  readonly elements: ReadonlyMap<string, string>;
  /** Those that implement Scored. */
  readonly scored: readonly string[];
  /** Leaf fields that all items have, and those of Scored. */
  readonly shared: readonly string[];
  readonly scores: readonly string[];
}

/** The interfaces: what they declare is cached, or not, on the types that implement them. */
export function interfaceTexts(draft: SchemaDraft, { shared, scores }: TypeNames): readonly string[] {
  const declared = (name: string, type = LEAF_FIELDS[name] ?? 'String'): string =>
    fieldText({ name, type, args: argumentsFor(draft, name), directives: '' });
  return [
    typeText('interface Item', ['id: ID!', ...shared.map((name) => declared(name)), 'peer: Item']),
    typeText('interface Folder', ['id: ID!', declared('items', '[Item!]!')]),
    typeText('interface Scored', ['id: ID!', ...scores.map((name) => declared(name))]),
  ];
}

/** One type of items, with its own settings for every field. */
export function itemText(draft: SchemaDraft, type: string, names: TypeNames): string {
  const { random } = draft;
  const isScored = names.scored.includes(type);
  const own = random.some(Object.keys(LEAF_FIELDS), 0.2);
  const leaves = new Set([...names.shared, ...own, ...(isScored ? names.scores : [])]);
  const element = names.elements.get(type);
  const link = (name: string, linked: string): FieldPlan =>
    planLink(draft, { owner: type, name, type: linked });
  const reference = random.chance(0.4) ? planReference(draft, type) : undefined;
  const plans = [
    ...[...leaves].map((name) => planLeaf(draft, { owner: type, name, parentId: 'parent.id' })),
    link('peer', random.chance(0.5) ? 'Item' : random.pick(names.types)),
    ...Object.entries(LINKS).flatMap(([name, linked]) => (random.chance(0.35) ? [link(name, linked)] : [])),
    ...(element === undefined ? [] : [link('items', `[${element}!]!`)]),
    ...(reference === undefined ? [] : [reference]),
  ];
  const roles = ['Item', ...(element === undefined ? [] : ['Folder']), ...(isScored ? ['Scored'] : [])];
  const fields = ['id: ID!', 'version: Int', 'ref: ID', ...plans.map(fieldText)];
  return typeText(`type ${type} implements ${roles.join(' & ')}`, fields);
}

/** Objects without an id: what is cached on them names another property in its key. */
export function pointText(draft: SchemaDraft): string {
  const names = ['title', ...draft.random.some(Object.keys(LEAF_FIELDS).slice(1), 0.3)];
  const plans = names.map((name) => planLeaf(draft, { owner: 'Point', name, parentId: 'parent.code' }));
  return typeText('type Point', ['code: String!', 'x: Int', ...plans.map(fieldText)]);
}

const LINKS: Readonly<Record<string, string>> = {
  rows: '[[Item]]',
  some: 'Some',
  point: 'Point',
  points: '[Point]',
};

function planLeaf(
  draft: SchemaDraft,
  shape: { readonly owner: string; readonly name: string; readonly parentId: 'parent.id' | 'parent.code' },
): FieldPlan {
  const type = LEAF_FIELDS[shape.name] ?? 'String';
  return planField(draft, { ...shape, type, args: argumentsFor(draft, shape.name), canBeProperty: true });
}

function planLink(
  draft: SchemaDraft,
  shape: { readonly owner: string; readonly name: string; readonly type: string },
): FieldPlan {
  // The interface declares `peer` without arguments.
  const args = shape.name === 'peer' ? [] : argumentsFor(draft, shape.name);
  const canBeProperty = shape.type.includes('Point');
  return planField(draft, { ...shape, args, parentId: 'parent.id', canBeProperty });
}
