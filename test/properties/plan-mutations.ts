import {
  ID_SUBJECTS,
  STATIC_SUBJECTS,
  TTL_SECONDS,
  VIEWER_SUBJECT,
  varyText,
  type SchemaDraft,
} from './schema-draft.js';
import type { ArgumentPlan, FieldPlan } from './schema-plan.js';

const ID: ArgumentPlan = { name: 'id', type: 'ID!', defaultText: undefined };
const IDS: ArgumentPlan = { name: 'ids', type: '[ID!]!', defaultText: undefined };

/** Mutations that together can touch everything that any field depends on; each declares what it touches. */
export function planMutations(draft: SchemaDraft, types: readonly string[]): readonly FieldPlan[] {
  const { random, features } = draft;
  const mutations: FieldPlan[] = [];
  const add = (name: string, touches: readonly string[], given: Partial<FieldPlan> & Row = {}): void => {
    const { namespace, ...plan } = given;
    mutations.push({
      ...{ coordinate: `Mutation.${name}`, name, type: 'Int', args: [], isPrivate: false },
      directives: ` @invalidates(tags: ${JSON.stringify(touches)})`,
      ...plan,
      answer: {
        by: 'write',
        touches,
        namespace,
        needsResult: plan.directives?.includes('{result.') === true,
        throws: features.throwing && random.chance(0.3),
      },
    });
  };
  for (const subject of STATIC_SUBJECTS) add(`touch${subject}`, [subject]);
  for (const subject of ID_SUBJECTS) {
    add(`touch${subject}`, [`${subject}:{args.id}`], { args: [ID] });
    add(`touchAll${subject}`, [`${subject}:{args.ids}`], { args: [IDS] });
  }
  add('touchMine', [VIEWER_SUBJECT]);
  for (const key of draft.touchableKeys) add(`touch${key}`, [`${key}:{args.id}`], { args: [ID] });
  const known = types.filter((type) => draft.namespaces.get(type)?.looksAtViewer === false);
  for (const type of known) {
    const touches = [`${type}:{args.id}`, ...random.some(STATIC_SUBJECTS, 0.2)];
    const tags = draft.namespaces.get(type)?.tags ?? [];
    const vary = draft.namespaces.get(type)?.vary ?? [];
    const pattern = random.pick(['WRITE_THROUGH', 'HYBRID']);
    const cached =
      ` @cached(ttl: ${TTL_SECONDS}, pattern: ${pattern}, key: "${type}:{args.id}"` +
      `${tags.length === 0 ? '' : `, tags: ${JSON.stringify(tags)}`}${varyText(vary)})`;
    const others = touches.slice(1);
    const invalidates = others.length === 0 ? '' : ` @invalidates(tags: ${JSON.stringify(others)})`;
    add(`save${type}`, touches, {
      type,
      args: [ID],
      directives: cached + invalidates,
      namespace: type,
    });
    const byResult = ` @invalidates(tags: ["${type}:{result.id}"])`;
    add(`name${type}`, [`${type}:{args.id}`], { type, args: [ID], directives: byResult, namespace: type });
  }
  for (const mutation of mutations) draft.fields.set(mutation.coordinate, mutation);
  return mutations;
}

interface Row {
  readonly namespace?: string | undefined;
}
