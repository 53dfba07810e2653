import { envelop, useEngine, useSchema } from '@envelop/core';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse, print, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from 'graphql';
import {
  cacheTypeDefs,
  createCache,
  keyComponent,
  type Cache,
  type CacheOptions,
} from '../../../src/cache/index.js';
import { compiledExecution, plansPlugin } from '../../../src/cache/execution/index.js';
import type { Consistency } from '../../../src/cache/types/index.js';
import { cachePlugin } from '../../../src/cache/yoga/index.js';
import { cacheLog } from '../cache-log.js';

export interface Row {
  readonly id: string;
  readonly version: number;
}

/** A database of rows that only have a version. */
export interface RowDatabase {
  /** Takes its snapshot first; how long the answer takes is the database's. */
  load(id: string): Promise<Row>;
  /** Commits the next version, and answers with it. */
  write(id: string): Promise<number>;
}

/** The ways a row is read: by the origin of its own key, by a resolver under a tag, and outside of GraphQL. */
export const ROW_FIELDS = ['through', 'aside', 'fetched'] as const;
export type RowField = (typeof ROW_FIELDS)[number];

export interface RowCache {
  readonly cache: Cache<object>;
  /** What the engine logged, as `level message {details}`. */
  readonly logged: readonly string[];
  /** The version that a reader of the row is answered. */
  read(field: RowField, id: string): Promise<number>;
  /** Resolves with the new version once the write is acknowledged. */
  write(id: string): Promise<number>;
  /** The same, and what was promised with it. */
  acknowledged(id: string): Promise<{ readonly version: number; readonly consistency: Consistency }>;
}

const typeDefs = /* GraphQL */ `
  type Row {
    id: ID!
    version: Int!
  }
  type Query {
    through(id: ID!): Row @cached(ttl: 3600, pattern: READ_THROUGH, key: "Row:{args.id}")
    aside(id: ID!): Row @cached(ttl: 3600, key: "Aside:{args.id}", tags: ["Row:{args.id}"])
  }
  type Mutation {
    write(id: ID!): Row! @invalidates(tags: ["Row:{args.id}"])
  }
`;

const documents = {
  through: parse('query ($id: ID!) { row: through(id: $id) { version } }'),
  aside: parse('query ($id: ID!) { row: aside(id: $id) { version } }'),
  write: parse('mutation ($id: ID!) { row: write(id: $id) { version } }'),
};

/** What answers operations: graphql-js, plans, plans and the memo of whole answers, or that memo in front of Apollo Server. */
export type RowsAnsweredBy = 'graphql-js' | 'plans' | 'memo' | 'front';

/** What it is where a test says nothing, so that a whole suite can be run with another. */
function usualAnswers(): RowsAnsweredBy {
  const named = process.env['ROWS_ANSWERED_BY'] ?? 'graphql-js';
  if (named === 'graphql-js' || named === 'plans' || named === 'memo' || named === 'front') return named;
  throw new Error(`ROWS_ANSWERED_BY must be graphql-js, plans, memo or front, but is ${named}`);
}

type Execute = (args: ExecutionArgs) => unknown;

function executeBy(answeredBy: RowsAnsweredBy, cache: Cache<object>, schema: GraphQLSchema): Execute {
  switch (answeredBy) {
    case 'graphql-js':
      return execute;
    case 'plans':
      return compiledExecution().execute;
    case 'memo': {
      const getEnveloped = envelop({
        plugins: [useEngine({ execute, parse }), useSchema(schema), plansPlugin(), cachePlugin(cache)],
      });
      return (args) => getEnveloped().execute(args);
    }
    case 'front':
      return executeInFront(cache, schema);
  }
}

/** Queries go to Apollo Server as they come over HTTP; what a mutation has promised is told by its own context only. */
function executeInFront(cache: Cache<object>, schema: GraphQLSchema): Execute {
  const plugin = cache.apolloPlugin();
  const plugins = [ApolloServerPluginCacheControlDisabled(), plugin];
  const { stringifyResult } = plugin;
  const server = plugin.answerInFrontOf(
    new ApolloServer<object>({ schema, plugins, stringifyResult, stopOnTerminationSignals: false }),
  );
  let starting: Promise<void> | undefined;
  return async (args) => {
    if (args.document === documents.write) return execute(args);
    await (starting ??= server.start());
    const { body } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers: new HeaderMap([['content-type', 'application/json']]),
        search: '',
        body: { query: print(args.document), variables: args.variableValues },
      },
      context: () => Promise.resolve({}),
    });
    return body.kind === 'complete' ? JSON.parse(body.string) : undefined;
  };
}

export type RowCacheOptions = {
  readonly database: RowDatabase;
  readonly answeredBy?: RowsAnsweredBy | undefined;
} & Pick<CacheOptions<object>, 'store'> &
  Partial<CacheOptions<object>>;

/** A cache over a database of versioned rows: whoever reads less than was acknowledged before read something stale. */
export function rowCache({ database, answeredBy = usualAnswers(), ...options }: RowCacheOptions): RowCache {
  const log = cacheLog();
  const cache = createCache<object>({
    environment: 'test',
    log,
    memo: answeredBy === 'memo' || answeredBy === 'front',
    origins: { Row: { load: (ids) => Promise.all(ids.map((id) => database.load(id))) } },
    ...options,
  });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: { aside: (_, { id }: { id: string }) => database.load(id) },
        Mutation: {
          write: async (_, { id }: { id: string }) => ({ id, version: await database.write(id) }),
        },
      },
    }),
  );
  const answer = executeBy(answeredBy, cache, schema);
  const ask = async (
    document: keyof typeof documents,
    id: string,
    contextValue: object = {},
  ): Promise<number> => {
    const variableValues = { id };
    const asked = { schema, document: documents[document], variableValues, contextValue };
    const result = (await answer(asked)) as ExecutionResult;
    if (result.errors?.[0] !== undefined) throw result.errors[0];
    return (result.data as { row: Row }).row.version;
  };
  const fetched = async (id: string): Promise<number> => {
    const place = { ttl: 3600, tags: [`Row:${keyComponent(id)}`] };
    return (await cache.fetch(`Fetched:${id}`, place, () => database.load(id))).version;
  };
  return {
    cache,
    logged: log.lines,
    read: (field, id) => (field === 'fetched' ? fetched(id) : ask(field, id)),
    write: (id) => ask('write', id),
    acknowledged: async (id) => {
      const context = {};
      const version = await ask('write', id, context);
      return { version, consistency: cache.writes.consistencyOf(context) };
    },
  };
}
