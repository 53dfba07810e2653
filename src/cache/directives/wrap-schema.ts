import { mapSchema, MapperKind } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  GraphQLError,
  isObjectType,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { channels } from '../diagnostics/channels.js';
import { authorized } from '../patterns/authorize.js';
import { cacheAside } from '../patterns/cache-aside.js';
import type { ValueCodec } from '../codec/value-codec.js';
import type { AheadRead, FieldCall, Resolve } from '../loads/field-call.js';
import { hybrid } from '../patterns/hybrid.js';
import { invalidates } from '../patterns/invalidates.js';
import type { OriginLoads } from '../loads/origin-loads.js';
import { prefetch } from '../patterns/prefetch.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import { readThrough } from '../patterns/read-through.js';
import type { Services } from '../loads/services.js';
import type { KeepWarm } from '../warm/keep-warm.js';
import { tellRead } from '../patterns/tell-read.js';
import { writeBehind } from '../patterns/write-behind.js';
import { writeThrough } from '../patterns/write-through.js';
import { cacheControlOf, FieldHints } from './answer-hints.js';
import { FrozenValues } from './frozen-values.js';
import { keepExtras } from './keep-extras.js';
import { LookAhead } from './look-ahead.js';
import type { SchemaPlan } from './plan-schema.js';
import { argumentsOf, signatureOf, warmCall } from './warm-call.js';
import { wrapReferences } from './wrap-references.js';

export interface WrapOptions {
  readonly plan: SchemaPlan;
  readonly services: Services;
  readonly codec: ValueCodec;
  readonly keepWarm: KeepWarm;
  readonly originLoads: ReadonlyMap<string, OriginLoads>;
  /** Told of the resolver of each field that is read. */
  readonly cachedResolvers: CachedResolvers;
  /** What is switched off. */
  readonly isOff: (coordinate: string) => boolean;
}

/** What a client that was refused is told to wait. */
const BUSY_RETRY_AFTER_MS = 1000;

const PRIVATE = Object.freeze({ scope: 'PRIVATE' } as const);

type Resolver = GraphQLFieldResolver<unknown, unknown>;

/** Knows the resolvers of cached fields again. */
interface CachedResolvers {
  add(resolve: Resolver, policy: ReadPolicy): void;
}

/** A new schema whose cached fields answer from the cache; the schema given is left as it was. */
export function wrapSchema(schema: GraphQLSchema, options: WrapOptions): GraphQLSchema {
  const lookAhead = new LookAhead(options.services, options.plan.reads);
  const frozen = new FrozenValues(options);
  const wrapped = mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, unknown>, fieldName, typeName) => {
      const coordinate = `${typeName}.${fieldName}`;
      const read = cachedRead(schema, coordinate, { ...options, frozen });
      if (read !== undefined) {
        const resolve = foreseeing(read, config, lookAhead);
        options.cachedResolvers.add(resolve, read.policy);
        return { ...config, resolve };
      }
      const write = cachedWrite(coordinate, config, options);
      if (write === undefined) return config;
      const resolve: Resolver = (parent, args: Arguments, context, info) =>
        write({ parent, args, context, info });
      return { ...config, resolve };
    },
  });
  keepExtras(schema, wrapped);
  wrapReferences(wrapped, options);
  return wrapped;
}

type Arguments = Readonly<Record<string, unknown>>;
type Config = GraphQLFieldConfig<unknown, unknown>;
type Wrapped = (call: FieldCall<GraphQLResolveInfo>) => unknown;

interface ReadOptions extends WrapOptions {
  readonly frozen: FrozenValues;
}

interface WrappedRead {
  readonly policy: ReadPolicy;
  readonly hints: FieldHints;
  readonly read: Wrapped;
}

function cachedRead(
  schema: GraphQLSchema,
  coordinate: string,
  options: ReadOptions,
): WrappedRead | undefined {
  const policy = options.plan.reads.get(coordinate);
  if (policy === undefined) return undefined;
  const hints = new FieldHints(policy.scope);
  const read = readOf(schema, { policy, hints }, options);
  return read && { policy, hints, read };
}

function readOf(
  schema: GraphQLSchema,
  { policy, hints }: Pick<WrappedRead, 'policy' | 'hints'>,
  { services, originLoads, keepWarm, frozen }: ReadOptions,
): Wrapped | undefined {
  const [typeName = '', fieldName = ''] = policy.coordinate.split('.');
  const parentType = schema.getType(typeName);
  const field = isObjectType(parentType) ? parentType.getFields()[fieldName] : undefined;
  if (!isObjectType(parentType) || field === undefined) return undefined;
  const resolve = frozen.copyingParent(resolverOf(field, hints));
  const valueFor = frozen.valueFor(policy);
  const loads = policy.namespace === undefined ? undefined : originLoads.get(policy.namespace);
  if (policy.pattern === 'READ_THROUGH' && loads !== undefined) {
    const read = readThrough(services, { policy, loads, valueFor });
    return authorized(services, { policy, read, resolve: hasResolver(field) ? resolve : undefined });
  }
  if (policy.pattern !== 'PREFETCH') {
    return authorized(services, {
      policy,
      read: cacheAside(services, { policy, resolve, valueFor }),
      resolve,
    });
  }
  const read = prefetch(services, {
    ...{ policy, resolve, keepWarm, valueFor },
    signature: signatureOf(parentType, field),
    argumentsOf: (given) => argumentsOf(field, given),
    callOf: (args, context) => warmCall({ schema, parentType, field }, args, context),
  });
  return authorized(services, { policy, read, resolve });
}

function hasResolver({ resolve }: Pick<Config, 'resolve'>): boolean {
  return resolve !== undefined && resolve !== defaultFieldResolver;
}

interface ReadCall extends FieldCall<GraphQLResolveInfo> {
  ahead: AheadRead | undefined;
}

/** Uses what was read ahead for the field, and reads ahead for what lies below its value. */
function foreseeing({ policy, hints, read }: WrappedRead, { type }: Config, lookAhead: LookAhead): Resolver {
  const isPrivate = policy.scope === 'PRIVATE';
  const { times } = policy.counters;
  const resolve: Resolver = (parent, args: Arguments, context, info) => {
    const control = cacheControlOf(info);
    if (isPrivate) control?.cacheHint.restrict(PRIVATE);
    const onHint = control && hints.to(control);
    const timed = times.beginCall();
    const call: ReadCall = { parent, args, context, info, ahead: undefined, onHint, timed };
    call.ahead = lookAhead.of(policy, call);
    return channels.read.hasSubscribers ? tellRead(policy, (told) => read({ ...call, told })) : read(call);
  };
  if (!lookAhead.isForeseeable(type)) return resolve;
  return (parent, args: Arguments, context, info) =>
    lookAhead.handOn(resolve(parent, args, context, info), context, info);
}

function cachedWrite(
  coordinate: string,
  config: Config,
  { plan, services, isOff }: WrapOptions,
): Wrapped | undefined {
  const policy = plan.invalidations.get(coordinate);
  if (policy === undefined) return undefined;
  const options = { services, policy, isRefusal, unavailable };
  const write = plan.writes.get(coordinate);
  if (write?.pattern === 'WRITE_BEHIND') {
    // A read that goes past the cache goes past the journal too, so the write must already be in the database.
    const isSeen = Array.from(plan.reads.values()).every(
      ({ coordinate: reader, isWrittenBehind, namespaces }) =>
        !isOff(reader) || !isWrittenBehind || !namespaces.includes(write.namespace),
    );
    const behind = { services, policy: write, invalidation: policy, busy, unavailable };
    return writeBehind({ ...behind, isOff: isOff(coordinate) || !isSeen }, resolverOf(config));
  }
  const storing = { ...options, isOff: isOff(coordinate) };
  if (write?.pattern === 'WRITE_THROUGH') return writeThrough(storing, write, resolverOf(config));
  if (write?.pattern === 'HYBRID') return hybrid(storing, write, resolverOf(config));
  return invalidates(options, resolverOf(config));
}

/** An error that a resolver made for the client says that it refused; any other may have come after a commit. */
function isRefusal(error: unknown): boolean {
  return error instanceof GraphQLError;
}

/** Nothing was written; the client may try again. */
function unavailable(coordinate: string): GraphQLError {
  return new GraphQLError(
    `${coordinate} was refused and nothing was changed, because the cache cannot be reached; try again later.`,
    { extensions: { code: 'CACHE_UNAVAILABLE' } },
  );
}

/** Neither the journal nor the database is known to have the write; the client may try again. */
function busy(coordinate: string, mayBeWritten: boolean): GraphQLError {
  return new GraphQLError(
    mayBeWritten
      ? `${coordinate} could not be written down in time, and it may still be written; try again in a moment, the later one stays.`
      : `${coordinate} was refused and nothing was changed, because it cannot be written down now; try again in a moment.`,
    { extensions: { code: 'WRITE_BEHIND_BUSY', retryAfterMs: BUSY_RETRY_AFTER_MS } },
  );
}

function resolverOf(config: Pick<Config, 'resolve'>, hints?: FieldHints): Resolve<GraphQLResolveInfo> {
  const resolve = config.resolve ?? defaultFieldResolver;
  return ({ parent, args, info }, context, notes): unknown =>
    resolve(parent, args, context, (notes && hints?.noting(info, notes)) ?? info);
}
