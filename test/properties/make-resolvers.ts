import { GraphQLError, type GraphQLFieldResolver } from 'graphql';
import { makeValue } from './make-value.js';
import { mutating } from './mutating-resolver.js';
import { askOrigin } from './make-origins.js';
import type { Features } from './features.js';
import type { RequestContext } from './request-context.js';
import { VARY_NAMES } from './schema-draft.js';
import type { FieldPlan, FromOrigin, Resolved, SchemaPlan, Written } from './schema-plan.js';
import { inputAt, inputText, roll, subjectsOf, viewerOf, type CallInputs } from './world.js';

export type Resolver = GraphQLFieldResolver<unknown, RequestContext>;
type Resolvers = Record<string, Record<string, Resolver>>;

/** Resolvers that answer as the plan says; those of origins ask the origin, as a server without a cache would. */
export function makeResolvers(plan: SchemaPlan, { mutatingResolvers }: Features): Resolvers {
  const resolvers: Resolvers = {};
  for (const field of plan.fields.values()) {
    const [owner = '', name = ''] = field.coordinate.split('.');
    const resolve = resolverOf(plan, field, mutatingResolvers);
    if (resolve !== undefined) (resolvers[owner] ??= {})[name] = resolve;
  }
  return resolvers;
}

function resolverOf(
  plan: SchemaPlan,
  { name, answer }: FieldPlan,
  mutates: Features['mutatingResolvers'],
): Resolver | undefined {
  switch (answer.by) {
    case 'property':
      return answer.mutates ? mutating(name, mutates) : undefined;
    case 'resolver':
      return resolved(plan, answer);
    case 'origin':
      return fromOrigin(plan, answer);
    case 'write':
      return written(plan, answer);
  }
}

function resolved(plan: SchemaPlan, answer: Resolved): Resolver {
  const { identity, inputs, subjects, throws, waits } = answer;
  return (parent, args: CallInputs['args'], context, { returnType, schema }) => {
    const viewerId = inputs.includes('viewer.id') ? viewerOf(context) : undefined;
    const given = { parent, args, viewerId, vary: varied(inputs, context) };
    const known = inputs.map((input) => inputText(input, given)).join('|');
    const versions = subjects
      .flatMap((subject) => subjectsOf(subject, given))
      .map((one) => context.versionOf(one));
    const state = `${known}|${versions.join(',')}`;
    const who = looks(answer, state) ? context.whoAsks() : viewerId;
    const isAnybody = inputs.includes('viewer.id') || looks(answer, state);
    const text = `${identity}${isAnybody ? ` for ${who ?? 'guest'}` : ''}|${state}`;
    if (throws && roll(`${text} throws`, 4) === 0) throw missing(text);
    const value = makeValue(returnType, { schema, plan, text });
    if (waits === 'not') return value;
    if (waits === 'for all' || !Array.isArray(value)) return Promise.resolve(value);
    return value.map((element: unknown) => Promise.resolve(element));
  };
}

/** Only what is named, since a load must not look at what its field does not vary by. */
function varied(inputs: readonly string[], context: RequestContext): Readonly<Record<string, unknown>> {
  const names = VARY_NAMES.filter((name) => inputs.includes(`vary.${name}`));
  return Object.fromEntries(names.map((name) => [name, context[name]]));
}

/** Whether a PUBLIC field forgets that it must not look at the viewer. */
function looks({ looksAtViewer }: Resolved, state: string): boolean {
  return looksAtViewer === 'always' || (looksAtViewer === 'sometimes' && roll(`${state} looks`, 2) === 0);
}

/** Some errors are made for clients, with a code that they must get. */
function missing(text: string): Error {
  const message = `the world has no ${text}`;
  return roll(text, 2) === 0
    ? new Error(message)
    : new GraphQLError(message, { extensions: { code: 'NONE' } });
}

function fromOrigin(plan: SchemaPlan, { namespace, id }: FromOrigin): Resolver {
  const isPrivate = id === 'viewer.id';
  return async (parent, args: CallInputs['args'], context, { schema }) => {
    const viewerId = isPrivate ? viewerOf(context) : undefined;
    // As the engine does: without a viewer there is no id to ask for.
    if (isPrivate && viewerId === undefined) return null;
    const given = inputAt(id, { parent, args, viewerId });
    const ask = { plan, schema, namespace, context };
    if (Array.isArray(given)) return given.map((one: unknown) => askOrigin(ask, one));
    const answer = askOrigin(ask, given);
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

function written(plan: SchemaPlan, { touches, namespace, needsResult, throws }: Written): Resolver {
  return (_, args: CallInputs['args'], context, { schema, fieldName }) => {
    const { world } = context;
    const subjects = touches.flatMap((touch) => subjectsOf(touch, { args, viewerId: viewerOf(context) }));
    const state = subjects.map((subject) => `${subject} ${world.versionOf(subject)}`).join(', ');
    if (throws && roll(`${state} refuses`, 4) === 0)
      throw new GraphQLError(`${fieldName} is refused at ${state}`);
    for (const subject of subjects) world.touch(subject);
    if (throws && !needsResult && roll(`${state} fails`, 4) === 0)
      throw new Error(`${fieldName} fails after ${state}`);
    if (namespace === undefined) return subjects.length;
    const ask = (): unknown => askOrigin({ plan, schema, namespace, context }, args['id']);
    // What is invalidated by the result cannot be where there is none: the engine promises nothing for it.
    while (needsResult && ask() instanceof Error) subjects.forEach((subject) => world.touch(subject));
    const row = ask();
    if (row instanceof Error) throw row;
    return row;
  };
}
