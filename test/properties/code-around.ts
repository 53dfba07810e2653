import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import { keepExtras } from '../../src/cache/directives/keep-extras.js';
import type { GeneratedCase } from './generate-case.js';
import { requestContext, type RequestContext } from './request-context.js';
import type { Resolver } from './make-resolvers.js';
import type { FieldPlan } from './schema-plan.js';
import { roll, viewerOf } from './world.js';

const KINDS = ['nothing', 'list', 'arguments', 'viewer'] as const;
/** What code around a field changes: the list that it has, its arguments, or who asks. */
export type AroundKind = (typeof KINDS)[number];

type Config = GraphQLFieldConfig<unknown, RequestContext>;
type Given = Parameters<Resolver>[1];

/** Follows from the seed and the name of the field, so that nothing else is drawn in another order. */
export function aroundOf(seed: number, { coordinate, answer, type, args }: FieldPlan): AroundKind {
  if (answer.by === 'write') return 'nothing';
  const kind = KINDS[roll(`${seed} around ${coordinate}`, 8)] ?? 'nothing';
  if (kind === 'list') return type.startsWith('[') ? kind : 'nothing';
  if (kind === 'arguments') return args.some(isOptional) ? kind : 'nothing';
  return kind;
}

/** The schema with code around its fields, as `mapSchema` puts it there: with a cache below it or without one. */
export function withCodeAround(schema: GraphQLSchema, { seed, plan }: GeneratedCase): GraphQLSchema {
  const wrapped = mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: Config, fieldName, typeName) => {
      const field = plan.fields.get(`${typeName}.${fieldName}`);
      const kind = field === undefined ? 'nothing' : aroundOf(seed, field);
      if (field === undefined || kind === 'nothing') return config;
      const { resolve = defaultFieldResolver } = config;
      return { ...config, resolve: AROUND[kind](resolve, field) };
    },
  });
  return keepExtras(schema, wrapped);
}

const AROUND: Readonly<
  Record<Exclude<AroundKind, 'nothing'>, (resolve: Resolver, field: FieldPlan) => Resolver>
> = {
  /** Some readers see it from its end, and others without its first element. */
  list: (resolve, field) => (parent, args: Given, context, info) => {
    const change = (value: unknown): unknown => {
      if (!Array.isArray(value)) return value;
      return isDrawn(field, context) ? value.toReversed() : value.slice(1);
    };
    const value: unknown = resolve(parent, args, context, info);
    return value instanceof Promise ? value.then(change) : change(value);
  },
  /** Some readers get the field as if they had named no argument that may be left out. */
  arguments: (resolve, field) => (parent, args: Given, context, info) => {
    const optional = new Set(field.args.filter(isOptional).map(({ name }) => name));
    const left = Object.fromEntries(Object.entries(args).filter(([name]) => !optional.has(name)));
    return resolve(parent, isDrawn(field, context) ? left : args, context, info);
  },
  /** Some readers are another one for this field. */
  viewer: (resolve, field) => (parent, args: Given, context, info) => {
    if (!isDrawn(field, context)) return resolve(parent, args, context, info);
    const { world, tenant, locale } = context;
    const asAnother = requestContext(world, { viewer: 'service', tenant, locale }, 'plain');
    return resolve(parent, args, asAnother, info);
  },
};

function isOptional({ type }: FieldPlan['args'][number]): boolean {
  return !type.endsWith('!');
}

function isDrawn({ coordinate }: FieldPlan, context: RequestContext): boolean {
  return roll(`${coordinate} for ${viewerOf(context) ?? 'nobody'}`, 2) === 0;
}
