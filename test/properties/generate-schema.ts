import type { Features } from './features.js';
import { planField } from './plan-field.js';
import { planMutations } from './plan-mutations.js';
import { planOrigins } from './plan-origins.js';
import { interfaceTexts, itemText, pointText, type TypeNames } from './plan-types.js';
import { argumentsFor, LEAF_FIELDS, type SchemaDraft } from './schema-draft.js';
import type { FieldPlan, SchemaPlan } from './schema-plan.js';
import { fieldText, typeText } from './sdl-text.js';
import type { Random } from './seeded-random.js';

const PREAMBLE = `scalar Date
scalar JSON
enum Mood { CALM WILD ODD }
input Filter { min: Int = 1, text: String, mood: Mood, among: [Int!] }`;

/**
 * A schema of items, folders of items, and points without an id; each field cached in its own way, or not at all. The
 * list of a folder holds another type of items on each type of folders.
 */
export function generateSchema(random: Random, features: Features): SchemaPlan {
  const draft = draftOf(random, features);
  const names = typeNames(draft);
  planOrigins(draft, names.types);
  const union = random.some(names.types, 0.5);
  const sdl = [
    PREAMBLE,
    `union Some = ${(union.length === 0 ? names.types : union).join(' | ')}`,
    ...interfaceTexts(draft, names),
    ...names.types.map((type) => itemText(draft, type, names)),
    pointText(draft),
    typeText('type Query', queryFields(draft, names.types).map(fieldText)),
    typeText('type Mutation', planMutations(draft, names.types).map(fieldText)),
  ];
  const { fields, namespaces } = draft;
  return { sdl: sdl.join('\n'), fields, namespaces, originsThrow: features.throwing };
}

function draftOf(random: Random, features: Features): SchemaDraft {
  const open = { fields: new Map(), namespaces: new Map(), argumentsOf: new Map() };
  return { random, features, ...open, sharedKeys: [], touchableKeys: [], nextKey: 0 };
}

function typeNames({ random, features }: SchemaDraft): TypeNames {
  const types = ['A', 'B', 'C', 'D', 'E'].slice(0, 3 + random.below(3));
  const folders = types.slice(0, 2 + random.below(2));
  // One after the other from a random one on, so that they differ.
  const first = random.below(types.length);
  const elementOf = (folder: number): string =>
    (features.covariantLists ? types[(first + folder) % types.length] : undefined) ?? 'Item';
  return {
    types,
    elements: new Map(folders.map((folder, index) => [folder, elementOf(index)])),
    scored: random.some(types, 0.6),
    shared: ['title', ...random.some(Object.keys(LEAF_FIELDS).slice(1), 0.35)],
    scores: random.some(Object.keys(LEAF_FIELDS), 0.2),
  };
}

function queryFields(draft: SchemaDraft, types: readonly string[]): readonly FieldPlan[] {
  const { random, fields, sharedKeys } = draft;
  const fromOrigins = [...fields.values()].filter(({ coordinate }) => coordinate.startsWith('Query.'));
  const root = (name: string, type: string): FieldPlan => {
    const args = argumentsFor(draft, name);
    return planField(draft, { owner: 'Query', name, type, args, parentId: undefined, canBeProperty: false });
  };
  return [
    ...fromOrigins,
    ...[root('folders', '[Folder!]'), root('folder', 'Folder'), root('item', 'Item')],
    ...[root('allItems', '[Item!]!'), root('anything', '[Some]'), root('hello', 'String')],
    ...types.map((type) => root(`all${type}`, random.pick([`[${type}!]!`, `[${type}]`, `[[${type}]]`]))),
    ...sharedKeys.slice(0, 2).map((shared) => twin(draft, shared)),
  ];
}

/** A root field that uses the explicit key of another field, and so answers the same. */
function twin(draft: SchemaDraft, { namespace, ...shared }: SchemaDraft['sharedKeys'][number]): FieldPlan {
  const name = `twin${namespace}`;
  const args = [{ name: 'id', type: 'ID!', defaultText: undefined }];
  const plan: FieldPlan = { coordinate: `Query.${name}`, name, args, isPrivate: false, ...shared };
  draft.fields.set(plan.coordinate, plan);
  return plan;
}
