import { mapSchema, MapperKind } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  GraphQLError,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { cacheAside } from '../patterns/cache-aside.js';
import type { FieldCall, Resolve } from '../patterns/field-call.js';
import { hybrid } from '../patterns/hybrid.js';
import { invalidates } from '../patterns/invalidates.js';
import type { OriginLoads } from '../patterns/origin-loads.js';
import { readThrough } from '../patterns/read-through.js';
import type { Services } from '../patterns/services.js';
import { writeBehind } from '../patterns/write-behind.js';
import { writeThrough } from '../patterns/write-through.js';
import { LookAhead } from './look-ahead.js';
import type { SchemaPlan } from './plan-schema.js';

export interface WrapOptions {
  readonly plan: SchemaPlan;
  readonly services: Services;
  readonly originLoads: ReadonlyMap<string, OriginLoads>;
  /** What is switched off. */
  readonly isOff: (coordinate: string) => boolean;
}

/** What a client that was refused is told to wait. */
const BUSY_RETRY_AFTER_MS = 1000;

type Resolver = GraphQLFieldResolver<unknown, unknown>;

/** A new schema whose cached fields answer from the cache; the schema given is left as it was. */
export function wrapSchema(schema: GraphQLSchema, options: WrapOptions): GraphQLSchema {
  const lookAhead = new LookAhead(options.services, options.plan.reads);
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, unknown>, fieldName, typeName) => {
      const coordinate = `${typeName}.${fieldName}`;
      const read = cachedRead(coordinate, config, options);
      if (read !== undefined) return { ...config, resolve: foreseeing(read, config, lookAhead) };
      const write = cachedWrite(coordinate, config, options);
      if (write === undefined) return config;
      const resolve: Resolver = (parent, args: Arguments, context, info) =>
        write({ parent, args, context, info });
      return { ...config, resolve };
    },
  });
}

type Arguments = Readonly<Record<string, unknown>>;
type Config = GraphQLFieldConfig<unknown, unknown>;
type Wrapped = (call: FieldCall<GraphQLResolveInfo>) => unknown;

function cachedRead(
  coordinate: string,
  config: Config,
  { plan, services, originLoads }: WrapOptions,
): Wrapped | undefined {
  const policy = plan.reads.get(coordinate);
  if (policy === undefined) return undefined;
  const loads = policy.namespace === undefined ? undefined : originLoads.get(policy.namespace);
  if (policy.pattern === 'READ_THROUGH' && loads !== undefined) return readThrough(services, policy, loads);
  return cacheAside(services, policy, resolverOf(config));
}

/** Uses what was read ahead for the field, and reads ahead for the children of a list. */
function foreseeing(read: Wrapped, { type }: Config, lookAhead: LookAhead): Resolver {
  const resolve: Resolver = (parent, args: Arguments, context, info) =>
    read({ parent, args, context, info, ahead: lookAhead.of(info) });
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
    const behind = { services, policy: write, invalidation: policy, isOff: isOff(coordinate), busy };
    return writeBehind(behind, resolverOf(config));
  }
  if (write?.pattern === 'WRITE_THROUGH') return writeThrough(options, write, resolverOf(config));
  if (write?.pattern === 'HYBRID') return hybrid(options, write, resolverOf(config));
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

/** Nothing was accepted; the client may try again. */
function busy(coordinate: string): GraphQLError {
  return new GraphQLError(
    `${coordinate} was refused and nothing was changed, because it cannot be written down now; try again in a moment.`,
    { extensions: { code: 'WRITE_BEHIND_BUSY', retryAfterMs: BUSY_RETRY_AFTER_MS } },
  );
}

function resolverOf(config: Config): Resolve<GraphQLResolveInfo> {
  const resolve = config.resolve ?? defaultFieldResolver;
  return ({ parent, args, info }, context): unknown => resolve(parent, args, context, info);
}
