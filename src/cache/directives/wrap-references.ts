import { asError } from '../errors.js';
import { isObjectType, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import { valueIn } from '../keys/template.js';
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
import type { KeyPath } from './entity-keys.js';
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
    const entity = isObjectType(type) ? entityOf(schema, type) : undefined;
    if (entity !== undefined) wrapEntity(entity, policy, options);
  }
}

function wrapEntity(entity: Entity, policy: ReadPolicy, options: ReferenceOptions): void {
  const { type, references } = entity;
  const { apollo, mercurius } = references;
  const hints = new FieldHints(policy.scope);
  const cached = (resolve: Resolver | undefined): Resolver =>
    cachedReference({ policy, hints, resolve }, options);
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
  readonly policy: ReadPolicy;
  readonly hints: FieldHints;
  readonly resolve: Resolver | undefined;
}

function cachedReference(
  { policy, hints, resolve }: CachedReference,
  { services, originLoads }: ReferenceOptions,
): Resolver {
  const own: Resolve<GraphQLResolveInfo> | undefined =
    resolve &&
    (({ parent, args, info }, context, notes) =>
      resolve(parent, args, context, (notes && hints.noting(info, notes)) ?? info));
  const loads = policy.namespace === undefined ? undefined : originLoads.get(policy.namespace);
  const read =
    policy.pattern === 'READ_THROUGH' && loads !== undefined
      ? readThrough(services, { policy, loads })
      : cacheAside(services, { policy, resolve: own ?? nothing });
  const answerByKey = authorized(services, { policy, read, resolve: own });
  // Without a resolver there is the origin only, which is asked by ids.
  const readOther = own && cacheAside(services, { policy: withoutEntry(policy), resolve: own });
  const answerOther = readOther
    ? authorized(services, { policy, read: readOther, resolve: own })
    : answerByKey;
  const isPrivate = policy.scope === 'PRIVATE';
  const keyIn = keyReader(policy.parentPaths);
  return (reference, args, context, info) => {
    try {
      const key = keyIn(reference);
      const parent = key ?? reference;
      const answer = key === undefined ? answerOther : answerByKey;
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
      return Promise.reject(asError(error));
    }
  };
}

/**
 * What is read, and what a load is given, of a representation, undefined where it has no such key: the fields that the entry's key holds, which are those of a
 * `@key`. What a client sends beside them is no part of that key, and must not be stored for others.
 */
function keyReader(paths: readonly KeyPath[]): (reference: unknown) => object | undefined {
  const pick = picking([['__typename'], ...paths]);
  return (reference) =>
    isObject(reference) && paths.every((path) => isGiven(valueIn(reference, path)))
      ? pick(reference)
      : undefined;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Copies what these paths lead to. */
function picking(
  paths: readonly KeyPath[],
): (object: Readonly<Record<string, unknown>>) => Record<string, unknown> {
  const names = [...new Set(paths.map(([name = '']) => name))];
  const parts = names.map((name) => {
    const below = paths.flatMap(([first, ...rest]) => (first === name && rest.length > 0 ? [rest] : []));
    return { name, pick: below.length > 0 ? picking(below) : undefined };
  });
  return (object) => {
    const picked: Record<string, unknown> = {};
    for (const { name, pick } of parts) {
      const value = object[name];
      picked[name] = pick !== undefined && isObject(value) ? pick(value) : value;
    }
    return picked;
  };
}

/** For a reference by another `@key`: it has no entry, and is resolved as it is. */
function withoutEntry(policy: ReadPolicy): ReadPolicy {
  const unlocated = Object.freeze({ reason: 'the reference is not by the key of the cache', id: undefined });
  return Object.freeze({ ...policy, locate: () => unlocated });
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
