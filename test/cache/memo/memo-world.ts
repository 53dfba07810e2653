import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { onTestFinished } from 'vitest';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
} from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { manualClock } from '../../support/manual-clock.js';

export interface MemoContext {
  readonly viewer?: { readonly id: string };
  readonly tenant?: string;
}

type Resolver = GraphQLFieldResolver<unknown, MemoContext>;

export interface MemoWorldOptions extends Partial<CacheOptions<MemoContext>> {
  readonly typeDefs: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, Resolver>>>>;
  /** The schema that is executed, made of the one with the cache. */
  readonly derived?: (schema: GraphQLSchema, cache: Cache<MemoContext>) => GraphQLSchema;
  readonly plugins?: readonly ApolloServerPlugin<MemoContext>[];
  /** Plugins that are told of everything before that of the cache. */
  readonly pluginsBefore?: readonly ApolloServerPlugin<MemoContext>[];
  /** Default: true. */
  readonly isValidating?: boolean;
}

/** Apollo Server over a cache that keeps whole answers, on a clock that the test owns. */
export async function memoWorld({
  typeDefs,
  resolvers,
  derived,
  plugins = [],
  pluginsBefore = [],
  isValidating = true,
  ...options
}: MemoWorldOptions) {
  const clock = manualClock();
  const cache = createCache<MemoContext>({
    store: memoryStore({ clock }),
    viewer: ({ viewer }) => viewer?.id,
    environment: 'test',
    clock,
    log: cacheLog(),
    random: () => 0,
    memo: true,
    ...options,
  });
  const applied = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
  let executions = 0;
  const counting: ApolloServerPlugin<MemoContext> = {
    requestDidStart: async () => ({ executionDidStart: async () => void (executions += 1) }),
  };
  const cachePlugin = cache.apolloPlugin();
  const server = new ApolloServer<MemoContext>({
    schema: derived?.(applied, cache) ?? applied,
    plugins: [...pluginsBefore, cachePlugin, counting, ...plugins],
    stringifyResult: cachePlugin.stringifyResult,
    dangerouslyDisableValidation: !isValidating,
  });
  await server.start();
  onTestFinished(() => server.stop());
  await cache.start();
  onTestFinished(() => cache.close());

  /** The text of an answer, and whether the operation was executed for it. */
  async function ask(
    query: string,
    {
      variables = {},
      operationName,
      context = {},
      headers = {},
    }: {
      variables?: Record<string, unknown>;
      operationName?: string;
      context?: MemoContext;
      headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<{ text: string; isExecuted: boolean }> {
    const before = executions;
    const http = { method: 'POST', headers: new HeaderMap(Object.entries(headers)), search: '', body: {} };
    const { body } = await server.executeOperation(
      { query, variables, http, ...(operationName !== undefined && { operationName }) },
      { contextValue: { ...context } },
    );
    if (body.kind !== 'single') throw new Error('the answer is incremental');
    return { text: cachePlugin.stringifyResult(body.singleResult), isExecuted: executions > before };
  }

  /** The answer once it would be given without an execution, if it ever is. */
  async function settled(query: string, options: Parameters<typeof ask>[1] = {}) {
    for (let times = 0; times < 3; times += 1) await ask(query, options);
    return ask(query, options);
  }

  return { cache, clock, ask, settled };
}
