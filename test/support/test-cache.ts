import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, type ExecutionResult, type GraphQLFieldResolver } from 'graphql';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
  type TraceReport,
  type VaryValue,
} from '../../src/cache/index.js';
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
  clock: ManualClock;
  /** What the engine logged, as `level message`. */
  logged: string[];
  query(source: string, context?: TestContext): Promise<Answer>;
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
  return {
    cache,
    clock,
    logged: log.lines,
    query: async (source, context = {}) => {
      const contextValue = { ...context };
      const trace = cache.trace(contextValue);
      const result = await graphql({ schema, source, contextValue });
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
