import { execute, type GraphQLSchema } from 'graphql';
import { createCache, type Cache, type CacheLog, type Store } from '../../src/cache/index.js';
import { compiledExecution, type Execute } from '../../src/cache/execution/index.js';
import type { VaryValue } from '../../src/cache/types/index.js';
import { withCodeAround } from './code-around.js';
import type { GeneratedCase, ParsedDocument } from './generate-case.js';
import type { RequestPlan } from './generate-steps.js';
import { makeOrigins } from './make-origins.js';
import { requestContext, type RequestContext } from './request-context.js';
import { VARY_NAMES } from './schema-draft.js';
import type { SchemaPlan } from './schema-plan.js';
import { plainAnswer, type PlainAnswer } from './same-answer.js';
import { viewerOf, type World } from './world.js';

export interface ProcessOptions {
  readonly environment: 'test' | 'production';
  readonly store: Store;
  readonly strictCopies: boolean;
  readonly log: CacheLog;
  readonly world: World;
}

/** Where a request can be executed. */
export interface Place {
  readonly schema: GraphQLSchema;
  readonly world: World;
  /** Undefined where nothing is cached. */
  readonly cache: Cache<RequestContext> | undefined;
  /** By graphql-js, or by plans. */
  readonly execute: Execute;
}

/** A cache as one process has it, over the schema of a case. */
export async function cachedProcess(
  generated: GeneratedCase,
  options: ProcessOptions,
): Promise<Place & { readonly cache: Cache<RequestContext> }> {
  const { plan, schema, disabled, seed } = generated;
  const { world, store, environment, log, strictCopies } = options;
  const warmed = [...plan.fields.values()].filter(
    ({ directives, args }) =>
      directives.includes('PREFETCH') && args.every(({ type }) => !type.endsWith('!')),
  );
  const cache = createCache<RequestContext>({
    ...{ store, environment, log, strictCopies },
    viewer: viewerOf,
    // Mutations touch more than the fields of one schema depend on.
    fetches: [...plan.fields.values()].flatMap(({ answer }) =>
      answer.by === 'write' ? answer.touches.map(namespaceOf) : [],
    ),
    origins: makeOrigins(plan, () => schema),
    disabled,
    warm: Object.fromEntries(warmed.map(({ coordinate }) => [coordinate, () => [{}]])),
    vary: Object.fromEntries(
      VARY_NAMES.filter((name) => isNamed(plan, name)).map((name) => [name, valueOf(name)]),
    ),
    warmVariants: WARM_VARIANTS,
    backgroundContext: ({ tenant, locale }) =>
      requestContext(world, { viewer: undefined, tenant, locale }, 'plain'),
  });
  const cachedSchema = cache.apply(schema);
  await cache.start();
  // The one and the other, by the seed of the schema.
  return {
    schema: executed(generated, cachedSchema),
    world,
    cache,
    execute: seed % 4 < 2 ? compiledExecution().execute : execute,
  };
}

/** A schema, with the cache or without it, as it is executed. */
export function executed(generated: GeneratedCase, schema: GraphQLSchema): GraphQLSchema {
  return generated.hasCodeAround ? withCodeAround(schema, generated) : schema;
}

/** Executes one request with a context of its own. */
export async function answerTo(
  request: RequestPlan,
  generated: GeneratedCase,
  { schema, world, cache, execute: run }: Place,
): Promise<PlainAnswer> {
  const contextValue = requestContext(world, request, request.context);
  if (request.isTraced) cache?.trace(contextValue);
  const result = await run({
    ...{ schema, contextValue },
    document: documentOf(generated, request).parsed,
    operationName: request.operation,
    variableValues: request.variables,
  });
  return plainAnswer(result);
}

export function documentOf({ queries, mutations }: GeneratedCase, request: RequestPlan): ParsedDocument {
  const document = (request.kind === 'query' ? queries : mutations)[request.document];
  if (document === undefined) throw new Error('there is no such document');
  return document;
}

const WARM_VARIANTS = [
  { tenant: 'acme', locale: 'de' },
  { tenant: 1, locale: null },
  { tenant: '1', locale: undefined },
];

function valueOf(name: (typeof VARY_NAMES)[number]): (context: RequestContext) => VaryValue | undefined {
  return (context) => context[name];
}

/** A name by which no field varies is refused at the start. */
function isNamed({ fields }: SchemaPlan, name: string): boolean {
  return [...fields.values()].some(
    ({ directives }) => /vary: \[(.*?)\]/.exec(directives)?.[1]?.includes(name) === true,
  );
}

function namespaceOf(tag: string): string {
  return tag.split(':')[0] ?? '';
}
