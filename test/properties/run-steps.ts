import { execute, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createCache, type Cache, type Store } from '../../src/cache/index.js';
import { cacheLog } from '../support/cache-log.js';
import type { GeneratedCase, ParsedDocument } from './generate-case.js';
import type { RequestPlan, Step } from './generate-steps.js';
import { makeOrigins } from './make-origins.js';
import { requestContext, type RequestContext } from './request-context.js';
import { isSameAnswer, plainAnswer, type PlainAnswer } from './same-answer.js';
import { viewerOf, World } from './world.js';

export interface RunOptions {
  readonly environment: 'test' | 'production';
  readonly store: () => Store;
  readonly strictCopies: boolean;
}

/** The first answer that was not the same, or an error that the cache logged. */
export interface Difference {
  /** Its place among the steps. */
  readonly step: number;
  readonly request: RequestPlan;
  readonly cached: PlainAnswer | string;
  readonly uncached: PlainAnswer;
}

export interface StepsReport {
  readonly difference: Difference | undefined;
  /** Executions that were compared. */
  readonly cases: number;
  readonly counters: ReturnType<Cache<RequestContext>['counters']>;
  readonly warnings: readonly string[];
}

/** Executes steps with a cache and without one, each in a world of its own, until the answers differ. */
export async function runSteps(
  generated: GeneratedCase,
  steps: readonly Step[],
  options: RunOptions,
): Promise<StepsReport> {
  const [cachedWorld, plainWorld] = [new World(), new World()];
  const log = cacheLog();
  const cache = cacheFor(generated, { ...options, log, world: cachedWorld });
  const cachedSchema = cache.apply(generated.schema);
  let cases = 0;
  let difference: Difference | undefined;
  const complaint = (): string | undefined => log.lines.find((line) => line.startsWith('error'));
  await cache.start();
  try {
    for (let step = 0; step < steps.length && difference === undefined; step += 1) {
      const requests = steps[step] ?? [];
      const answers = await Promise.all(
        requests.map((request) => answerTo(request, { generated, schema: cachedSchema, world: cachedWorld })),
      );
      for (const [index, request] of requests.entries()) {
        const uncached = await answerTo(request, { generated, schema: generated.schema, world: plainWorld });
        const cached = complaint() ?? answers[index] ?? 'no answer';
        cases += 1;
        if (typeof cached === 'string' || !isSameAnswer(cached, uncached)) {
          difference ??= { step, request, cached, uncached };
        }
      }
    }
  } finally {
    await cache.close();
  }
  const warnings = log.lines.filter((line) => line.startsWith('warn'));
  return { difference, cases, counters: cache.counters(), warnings };
}

function cacheFor(
  { plan, schema }: GeneratedCase,
  options: RunOptions & { readonly log: ReturnType<typeof cacheLog>; readonly world: World },
): Cache<RequestContext> {
  const { environment, strictCopies, log, world } = options;
  const warmed = [...plan.fields.values()].filter(
    ({ directives, args }) =>
      directives.includes('PREFETCH') && args.every(({ type }) => !type.endsWith('!')),
  );
  return createCache<RequestContext>({
    ...{ environment, strictCopies, log },
    store: options.store(),
    viewer: viewerOf,
    origins: makeOrigins(plan, () => schema),
    warm: Object.fromEntries(warmed.map(({ coordinate }) => [coordinate, () => [{}]])),
    warmContext: () => ({ world }),
  });
}

interface Executed {
  readonly generated: GeneratedCase;
  readonly schema: GraphQLSchema;
  readonly world: World;
}

async function answerTo(request: RequestPlan, { generated, schema, world }: Executed): Promise<PlainAnswer> {
  const result: ExecutionResult = await execute({
    schema,
    document: documentOf(generated, request).parsed,
    operationName: request.operation,
    variableValues: request.variables,
    contextValue: requestContext(world, request.viewer, request.context),
  });
  return plainAnswer(result);
}

export function documentOf({ queries, mutations }: GeneratedCase, request: RequestPlan): ParsedDocument {
  const document = (request.kind === 'query' ? queries : mutations)[request.document];
  if (document === undefined) throw new Error('there is no such document');
  return document;
}
