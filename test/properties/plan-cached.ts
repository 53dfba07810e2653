import {
  ID_SUBJECTS,
  STATIC_SUBJECTS,
  TTL_SECONDS,
  VIEWER_SUBJECT,
  drawVary,
  type SchemaDraft,
} from './schema-draft.js';
import { mayThrow, parentInputs, type FieldShape } from './field-shape.js';
import type { FieldPlan, Resolved } from './schema-plan.js';

/** Decides how a field is cached, and what its answer may depend on: what its key names, and what its tags cover. */
export function planCached(
  draft: SchemaDraft,
  shape: FieldShape,
): Pick<FieldPlan, 'directives' | 'answer' | 'isPrivate'> {
  const { random, features } = draft;
  const isPrivate = features.privateFields && random.chance(0.35);
  const isForgetful = features.forgetfulFields && !isPrivate && random.chance(0.08);
  const isExplicit = shape.parentId === 'parent.code' || random.chance(0.3);
  const namespace = isExplicit ? `K${(draft.nextKey += 1)}` : undefined;
  const inputs = isExplicit ? explicitInputs(draft, shape, isPrivate) : defaultInputs(shape, isPrivate);
  const vary = isPrivate ? [] : drawVary(draft, 0.3);
  const key = namespace && `${namespace}:${inputs.map((input) => `{${input}}`).join('/') || 'all'}`;
  const tags = tagsFor(draft, shape, { inputs, isPrivate });
  const isTouchable = !isPrivate && inputs.length === 1 && TOUCHABLE.has(inputs[0]);
  const settings = [
    `ttl: ${TTL_SECONDS}`,
    ...(isPrivate ? ['scope: PRIVATE'] : []),
    ...(key === undefined ? [] : [`key: "${key}"`]),
    ...varySetting(vary),
    ...tagsText(tags),
    ...(random.chance(0.2) ? ['swr: 60'] : []),
    ...(features.local && random.chance(0.15) ? ['local: 60'] : []),
    ...(random.chance(0.05) ? ['maxBytes: 40'] : []),
    ...prefetching(draft, shape, isPrivate),
  ];
  const answer: Resolved = {
    by: 'resolver',
    identity: namespace ?? `${shape.owner}.${shape.name}`,
    inputs: [...inputs, ...vary.map((name) => `vary.${name}`)],
    subjects: key !== undefined && isTouchable ? [...tags, key] : tags,
    throws: mayThrow(features.throwing && random.chance(0.1), shape),
    looksAtViewer: isForgetful ? random.pick(['sometimes', 'always']) : 'never',
    waits: random.chance(0.4) ? 'for all' : random.chance(0.06) ? 'for elements' : 'not',
  };
  if (namespace !== undefined && isTouchable) share(draft, { namespace, shape, tags, vary, answer });
  return { directives: ` @cached(${settings.join(', ')})`, answer, isPrivate };
}

/** Inputs by which a mutation can name a key. */
const TOUCHABLE: ReadonlySet<string | undefined> = new Set(['parent.id', 'args.id']);

/** Remembers a key for a mutation that touches it, and for another field that reads it. */
function share(
  draft: SchemaDraft,
  use: {
    readonly namespace: string;
    readonly shape: FieldShape;
    readonly tags: readonly string[];
    readonly vary: readonly string[];
    readonly answer: Resolved;
  },
): void {
  const { namespace, shape, tags, vary, answer } = use;
  draft.touchableKeys.push(namespace);
  if (tags.some((tag) => tag.includes('{'))) return;
  const key = `${namespace}:{args.id}`;
  const settings = [`ttl: ${TTL_SECONDS}`, `key: "${key}"`, ...varySetting(vary), ...tagsText(tags)];
  draft.sharedKeys.push({
    ...{ namespace, type: shape.type, directives: ` @cached(${settings.join(', ')})` },
    answer: {
      ...answer,
      inputs: ['args.id', ...vary.map((name) => `vary.${name}`)],
      subjects: [...tags, key],
    },
  });
}

function varySetting(vary: readonly string[]): readonly string[] {
  return vary.length === 0 ? [] : [`vary: ${JSON.stringify(vary)}`];
}

function tagsText(tags: readonly string[]): readonly string[] {
  return tags.length === 0 ? [] : [`tags: ${JSON.stringify(tags)}`];
}

function prefetching(
  { random, features }: SchemaDraft,
  shape: FieldShape,
  isPrivate: boolean,
): readonly string[] {
  const isPossible = features.prefetch && shape.owner === 'Query' && !isPrivate;
  return isPossible && random.chance(0.25) ? ['pattern: PREFETCH'] : [];
}

function defaultInputs(shape: FieldShape, isPrivate: boolean): readonly string[] {
  return [...parentInputs(shape), 'args', ...(isPrivate ? ['viewer.id'] : [])];
}

/** What an explicit key names; the answer depends on nothing else. A list cannot be named there. */
function explicitInputs(
  { random, features }: SchemaDraft,
  shape: FieldShape,
  isPrivate: boolean,
): readonly string[] {
  const args = shape.args.flatMap(({ name, type }) => {
    if (type.startsWith('[') || (type === 'JSON' && !features.jsonKeys)) return [];
    if (type === 'Filter') return [random.pick(['args.filter.min', 'args.filter.text'])];
    return [`args.${name}`];
  });
  const parent = random.chance(0.85) ? parentInputs(shape) : [];
  return [...parent, ...random.some(args, 0.85), ...(isPrivate ? ['viewer.id'] : [])];
}

/** Tags may only name what the key tells apart. */
function tagsFor(
  { random }: SchemaDraft,
  shape: FieldShape,
  { inputs, isPrivate }: { readonly inputs: readonly string[]; readonly isPrivate: boolean },
): readonly string[] {
  const nameable = shape.args
    .filter(({ type }) => type === 'ID' || type === 'ID!' || type === 'Int')
    .map(({ name }) => `args.${name}`);
  const known = [...parentInputs(shape), ...nameable].filter(
    (input) => inputs.includes(input) || (inputs.includes('args') && input.startsWith('args.')),
  );
  const possible = [
    ...STATIC_SUBJECTS,
    ...ID_SUBJECTS.flatMap((subject) => known.map((input) => `${subject}:{${input}}`)),
    ...(isPrivate ? [VIEWER_SUBJECT] : []),
  ];
  return random.some(possible, 0.2).slice(0, 2);
}
