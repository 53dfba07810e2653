import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  execute,
  graphql,
  parse,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
} from '../../src/cache/index.js';
import type { TraceReport, VaryValue } from '../../src/cache/types/index.js';
import { cacheLog } from './cache-log.js';
import { manualClock, type ManualClock } from './manual-clock.js';

export interface TestContext {
  viewer?: { id: string };
  /** A viewer under a name that no convention knows. */
  whoIsThere?: string;
  /** What entries vary by in some tests. */
  tenant?: VaryValue | undefined;
  locale?: VaryValue | undefined;
}

type Resolver = GraphQLFieldResolver<unknown, TestContext>;

export interface TestCacheOptions extends Partial<CacheOptions<TestContext>> {
  typeDefs: string;
  resolvers?: Record<string, Record<string, Resolver>>;
}

export interface Answer {
  result: ExecutionResult;
  data: unknown;
  evidence: TraceReport;
  /** Outcomes in the order of their fields, `Query.movie HIT`. */
  outcomes: string[];
}

export interface TestCache {
  cache: Cache<TestContext>;
  schema: GraphQLSchema;
  clock: ManualClock;
  /** What the engine logged, as `level message`. */
  logged: string[];
  /** With variables, which may be none, a document is parsed and validated once, as for thousands of requests it must be. */
  query(
    source: string,
    context?: TestContext,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<Answer>;
}

/** A cached schema on a memory store and a clock that the test owns. */
export function testCache({ typeDefs, resolvers = {}, ...options }: TestCacheOptions): TestCache {
  const clock = manualClock();
  const log = cacheLog();
  const cache = createCache<TestContext>({
    store: memoryStore({ clock }),
    viewer: (context) => context.viewer?.id,
    environment: 'test',
    clock,
    log,
    random: () => 0,
    ...options,
  });
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
  const documents = new Map<string, DocumentNode>();
  const documentOf = (source: string): DocumentNode => {
    const known = documents.get(source);
    if (known !== undefined) return known;
    const document = parse(source);
    const faults = validate(schema, document);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    documents.set(source, document);
    return document;
  };
  return {
    cache,
    schema,
    clock,
    logged: log.lines,
    query: async (source, context = {}, variableValues) => {
      const contextValue = { ...context };
      const trace = cache.trace(contextValue);
      const result =
        variableValues === undefined
          ? await graphql({ schema, source, contextValue })
          : await execute({ schema, document: documentOf(source), contextValue, variableValues });
      const evidence = trace.report();
      return {
        result,
        data: result.data === undefined ? undefined : JSON.parse(JSON.stringify(result.data)),
        evidence,
        outcomes: evidence.fields.map(({ coordinate, outcome }) => `${coordinate} ${outcome}`),
      };
    },
  };
}
