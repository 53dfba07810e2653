import { drawVary, STATIC_SUBJECTS, TTL_SECONDS, varyText, type SchemaDraft } from './schema-draft.js';
import type { FieldPlan, NamespacePlan } from './schema-plan.js';

/** Registers an origin for each of some types, and plans the root fields that ask it. */
export function planOrigins(draft: SchemaDraft, types: readonly string[]): void {
  const { random, features } = draft;
  if (!features.readThrough) return;
  for (const type of types.filter(() => random.chance(0.7))) {
    const tags = random.some(STATIC_SUBJECTS, 0.15);
    const looksAtViewer = features.forgetfulFields && random.chance(0.1);
    const vary = drawVary(draft, 0.3);
    const namespace = { namespace: type, type, isPrivate: false, tags, vary, looksAtViewer };
    draft.namespaces.set(type, namespace);
    const one = random.chance(0.75) ? 'READ_THROUGH' : 'CACHE_ASIDE';
    add(draft, namespace, { owner: 'Query', name: `one${type}`, id: 'args.id', pattern: one });
    add(draft, namespace, { owner: 'Query', name: `many${type}`, id: 'args.ids', pattern: 'READ_THROUGH' });
  }
  if (features.privateFields) {
    const mine = {
      namespace: 'Mine',
      type: random.pick(types),
      isPrivate: true,
      tags: [],
      vary: [],
      looksAtViewer: false,
    };
    draft.namespaces.set('Mine', mine);
    add(draft, mine, { owner: 'Query', name: 'mine', id: 'viewer.id', pattern: 'READ_THROUGH' });
  }
}

/** A field of a row that leads to a row of some namespace; undefined where there is no origin. */
export function planReference(draft: SchemaDraft, owner: string): FieldPlan | undefined {
  const { random, namespaces } = draft;
  const known = [...namespaces.values()].filter(({ isPrivate }) => !isPrivate);
  if (known.length === 0) return undefined;
  const namespace = random.pick(known);
  const name = `link${namespace.namespace}`;
  return add(draft, namespace, { owner, name, id: 'parent.ref', pattern: 'READ_THROUGH' });
}

interface Reader {
  readonly owner: string;
  readonly name: string;
  readonly id: 'args.id' | 'args.ids' | 'parent.ref' | 'viewer.id';
  readonly pattern: 'READ_THROUGH' | 'CACHE_ASIDE';
}

function add(draft: SchemaDraft, plan: NamespacePlan, { owner, name, id, pattern }: Reader): FieldPlan {
  const { namespace, type, isPrivate, tags, vary } = plan;
  const isList = id === 'args.ids';
  const field: FieldPlan = {
    coordinate: `${owner}.${name}`,
    name,
    type: isList ? `[${type}]` : type,
    args: argumentsOf(id),
    directives:
      ` @cached(ttl: ${TTL_SECONDS}, pattern: ${pattern}, key: "${namespace}:{${id}}"` +
      `${isPrivate ? ', scope: PRIVATE' : ''}${tags.length === 0 ? '' : `, tags: ${JSON.stringify(tags)}`}${varyText(vary)})`,
    answer: { by: 'origin', namespace, id },
    isPrivate,
  };
  draft.fields.set(field.coordinate, field);
  return field;
}

function argumentsOf(id: Reader['id']): FieldPlan['args'] {
  if (id === 'args.id') return [{ name: 'id', type: 'ID!', defaultText: undefined }];
  if (id === 'args.ids') return [{ name: 'ids', type: '[ID]', defaultText: '["1", "2"]' }];
  return [];
}
