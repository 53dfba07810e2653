import { STATIC_SUBJECTS, VARY_NAMES, type SchemaDraft } from './schema-draft.js';
import { mayThrow, parentInputs, type FieldShape } from './field-shape.js';
import { planCached } from './plan-cached.js';
import type { FieldPlan, Resolved } from './schema-plan.js';

/** Decides whether a field is cached, how, and what its answer depends on; adds it to the draft. */
export function planField(draft: SchemaDraft, shape: FieldShape): FieldPlan {
  const plan = planned(draft, shape);
  draft.fields.set(plan.coordinate, plan);
  return plan;
}

function planned(draft: SchemaDraft, shape: FieldShape): FieldPlan {
  const { random } = draft;
  const { owner, name, type, args } = shape;
  const coordinate = `${owner}.${name}`;
  const base = { coordinate, name, type, args, directives: '', isPrivate: false };
  if (shape.canBeProperty && args.length === 0 && random.chance(0.35)) {
    return { ...base, answer: { by: 'property', mutates: random.chance(0.5) } };
  }
  // The lists of folders are what reading ahead goes wrong with, so few of them are not cached.
  const isUncached = random.chance(name === 'items' ? 0.1 : 0.2);
  if (isUncached) return { ...base, answer: uncached(draft, shape) };
  return { ...base, ...planCached(draft, shape) };
}

/** Nothing remembers it, so it may depend on whatever it likes. */
function uncached({ random, features }: SchemaDraft, shape: FieldShape): Resolved {
  const mixesViewer = features.privateFields && random.chance(0.5);
  const mixed = features.vary ? random.some(VARY_NAMES, 0.2) : [];
  return {
    by: 'resolver',
    identity: `${shape.owner}.${shape.name}`,
    inputs: [
      ...parentInputs(shape),
      'args',
      ...(mixesViewer ? ['viewer.id'] : []),
      ...mixed.map((name) => `vary.${name}`),
    ],
    subjects: random.some(STATIC_SUBJECTS, 0.3),
    throws: mayThrow(features.throwing && random.chance(0.15), shape),
    looksAtViewer: 'never',
    waits: random.pick(['not', 'not', 'for all', 'for elements']),
  };
}
