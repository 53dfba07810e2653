import { isObjectType, type GraphQLSchema } from 'graphql';
import type { Origin } from '../../src/cache/index.js';
import { makeRow } from './make-value.js';
import type { RequestContext } from './request-context.js';
import type { SchemaPlan } from './schema-plan.js';
import { VARY_NAMES } from './schema-draft.js';
import { roll, stableText } from './world.js';

/** Where an origin finds its rows. */
export interface OriginAsked {
  readonly plan: SchemaPlan;
  readonly schema: GraphQLSchema;
  readonly namespace: string;
  readonly context: RequestContext;
}

/** The origins of a plan, as the engine asks them. */
export function makeOrigins(
  plan: SchemaPlan,
  schemaOf: () => GraphQLSchema,
): Record<string, Origin<RequestContext>> {
  const origins: Record<string, Origin<RequestContext>> = {};
  for (const namespace of plan.namespaces.keys()) {
    origins[namespace] = {
      load: async (ids, context) =>
        ids.map((id) => askOrigin({ plan, schema: schemaOf(), namespace, context }, id)),
    };
  }
  return origins;
}

/** The row of an id: null where there is none yet, and an Error for those of which the world has no good version. */
export function askOrigin(asked: OriginAsked, id: unknown): unknown {
  if (id === undefined || id === null) return null;
  const text = nameOf(asked, String(id));
  const version = asked.context.versionOf(subjectOf(asked.namespace, id));
  if (version === 0 && roll(`${text} exists`, 6) === 0) return null;
  if (asked.plan.originsThrow && roll(`${text} ${version} throws`, 10) === 0) {
    return new Error(`the origin has no good ${text} ${version}`);
  }
  return originRow(asked, String(id));
}

/** The row as it is now; its version is the number of writes. */
function originRow(asked: OriginAsked, id: string): unknown {
  const { plan, schema, namespace, context } = asked;
  const known = plan.namespaces.get(namespace);
  const type = schema.getType(known?.type ?? namespace);
  if (!isObjectType(type)) throw new Error(`${namespace} is no namespace of rows`);
  const version = context.versionOf(subjectOf(namespace, id));
  const versions = [version, ...(known?.tags ?? []).map((tag) => context.versionOf(tag))];
  const varied = VARY_NAMES.filter((name) => known?.vary.includes(name)).map((name) =>
    stableText(context[name]),
  );
  const text = `${nameOf(asked, id)} row|${versions.join(',')}${varied.map((value) => `|${value}`).join('')}`;
  return { ...makeRow(type, { schema, plan, text }, known?.isPrivate === true ? undefined : id), version };
}

/** What an origin knows something by: one that forgets that it is PUBLIC has rows for each viewer of some ids. */
function nameOf({ plan, namespace, context }: OriginAsked, id: string): string {
  const looks = plan.namespaces.get(namespace)?.looksAtViewer === true && roll(`${id} looks`, 2) === 0;
  return `${namespace}${looks ? ` for ${context.whoAsks() ?? 'guest'}` : ''} ${id}`;
}

function subjectOf(namespace: string, id: unknown): string {
  return `${namespace}:${String(id)}`;
}
