import { isObjectType, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import { parseTemplate, valueOf } from '../keys/template.js';
import type { FieldCall, Resolve } from '../loads/field-call.js';
import type { OriginLoads } from '../loads/origin-loads.js';
import type { Services } from '../loads/services.js';
import { isPromise } from '../maybe-promise.js';
import { channels } from '../diagnostics/channels.js';
import { authorized } from '../patterns/authorize.js';
import { cacheAside } from '../patterns/cache-aside.js';
import { readThrough } from '../patterns/read-through.js';
import { tellRead } from '../patterns/tell-read.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import { cacheControlOf, FieldHints } from './answer-hints.js';
import { entityOf, REFERENCE, type Entity } from './entity.js';
import { isObject } from './extension-directives.js';
import type { SchemaPlan } from './plan-schema.js';

export interface ReferenceOptions {
  readonly plan: Pick<SchemaPlan, 'reads'>;
  readonly services: Services;
  readonly originLoads: ReadonlyMap<string, OriginLoads>;
}

type Call = FieldCall<GraphQLResolveInfo>;
/** Resolves one reference; it is called once for each representation, and all of a list in one tick. */
type Resolver = (reference: unknown, args: object, context: unknown, info: GraphQLResolveInfo) => unknown;

const NO_ARGUMENTS: Call['args'] = Object.freeze({});
const PRIVATE = Object.freeze({ scope: 'PRIVATE' } as const);

/**
 * Has the references of the entities of a schema answered from the cache. In place: the schema was made by the cache, and
 * building it anew would lose where libraries keep the resolvers.
 */
export function wrapReferences(schema: GraphQLSchema, options: ReferenceOptions): void {
  for (const policy of options.plan.reads.values()) {
    const [typeName = '', name] = policy.coordinate.split('.');
    const type = name === REFERENCE ? schema.getType(typeName) : undefined;
    const entity = isObjectType(type) ? entityOf(type) : undefined;
    if (entity !== undefined) wrapEntity(entity, policy, options);
  }
}

function wrapEntity(entity: Entity, policy: ReadPolicy, options: ReferenceOptions): void {
  const { type, references } = entity;
  const { apollo, mercurius } = references;
  const hints = new FieldHints(policy.scope);
  const cached = (resolve: Resolver | undefined): Resolver =>
    cachedReference({ entity, policy, hints, resolve }, options);
  // READ_THROUGH needs no resolver, and then either library may serve the schema.
  const isBare = apollo === undefined && mercurius === undefined;
  if (apollo !== undefined || isBare) {
    const resolve = cached(apollo && ((reference, _args, context, info) => apollo(reference, context, info)));
    const extension = isObject(type.extensions['apollo']) ? type.extensions['apollo'] : {};
    const subgraph = isObject(extension['subgraph']) ? extension['subgraph'] : {};
    const resolveReference = (reference: unknown, context: unknown, info: GraphQLResolveInfo): unknown =>
      resolve(reference, NO_ARGUMENTS, context, info);
    type.extensions = {
      ...type.extensions,
      apollo: { ...extension, subgraph: { ...subgraph, resolveReference } },
    };
  }
  if (mercurius !== undefined || isBare) Object.assign(type, { resolveReference: cached(mercurius) });
}

interface CachedReference {
  readonly entity: Entity;
  readonly policy: ReadPolicy;
  readonly hints: FieldHints;
  readonly resolve: Resolver | undefined;
}

function cachedReference(
  { entity, policy, hints, resolve }: CachedReference,
  { services, originLoads }: ReferenceOptions,
): Resolver {
  const own: Resolve<GraphQLResolveInfo> | undefined =
    resolve &&
    (({ parent, args, info }, context, notes) =>
      resolve(parent, args, context, (notes && hints.noting(info, notes)) ?? info));
  const loads = policy.namespace === undefined ? undefined : originLoads.get(policy.namespace);
  const read =
    policy.pattern === 'READ_THROUGH' && loads !== undefined
      ? forKnownIds(entity, policy, { read: readThrough(services, { policy, loads }), resolve: own })
      : cacheAside(services, { policy, resolve: own ?? nothing });
  const answer = authorized(services, { policy, read, resolve: own });
  const isPrivate = policy.scope === 'PRIVATE';
  const onlyKey = keyOf(entity, policy);
  return (reference, args, context, info) => {
    try {
      const parent = onlyKey(reference);
      const control = cacheControlOf(info);
      if (isPrivate) control?.cacheHint.restrict(PRIVATE);
      const onHint = control && hints.to(control);
      const call = { parent, args: isObject(args) ? args : NO_ARGUMENTS, context, info, onHint };
      const value = channels.read.hasSubscribers
        ? tellRead(policy, (told) => answer({ ...call, told }))
        : answer(call);
      return isPromise(value) ? value.then(extensible) : extensible(value);
    } catch (error) {
      // An error that is thrown would be that of all references of the list.
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

/**
 * What a load is given of a representation: the fields of the `@key` that the entry's key is made of. What a client sends beside
 * them is no part of that key, and must not be stored for others.
 */
function keyOf({ keys }: Entity, policy: ReadPolicy): (reference: unknown) => unknown {
  // A default key has the id of its parent.
  const needed = policy.keyText === '' ? ['id'] : parentNames(policy);
  const key = keys.find((names) => needed.every((name) => names.has(name))) ?? needed;
  const names = ['__typename', ...key];
  return (reference) => {
    // By another key it has no entry, and is resolved as it is.
    if (!isObject(reference) || !needed.every((name) => name in reference)) return reference;
    return Object.fromEntries(names.flatMap((name) => (name in reference ? [[name, reference[name]]] : [])));
  };
}

/** The names of a representation that its entry's key has. */
function parentNames({ keyText }: ReadPolicy): string[] {
  const template = parseTemplate(keyText);
  const placeholders = typeof template === 'string' ? [] : template.placeholders;
  return placeholders.flatMap(({ root, path: [first = ''] }) => (root === 'parent' ? [first] : []));
}

/** An origin is asked by the id of the key; a reference by another `@key` has none, and is resolved as without a cache. */
function forKnownIds(
  { keys }: Entity,
  policy: ReadPolicy,
  { read, resolve }: { read: (call: Call) => unknown; resolve: Resolve<GraphQLResolveInfo> | undefined },
): (call: Call) => unknown {
  const template = parseTemplate(policy.keyText);
  const placeholder = typeof template === 'string' ? undefined : template.placeholders[0];
  const [first = ''] = placeholder?.path ?? [];
  if (placeholder === undefined || resolve === undefined || keys.every((names) => names.has(first)))
    return read;
  return (call) => {
    const id = valueOf(placeholder, { args: call.args, parent: call.parent });
    return id === undefined || id === null ? resolve(call, call.context) : read(call);
  };
}

/** Only where READ_THROUGH has lost its origin, which is a fault of the schema. */
function nothing(): null {
  return null;
}

/** Libraries for federation define `__typename` on what a reference resolves to, which must allow that. */
function extensible(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isExtensible(value)) return value;
  return Object.assign(Object.create(Object.getPrototypeOf(value)), value);
}
