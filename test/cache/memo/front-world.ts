import { ApolloServer, HeaderMap, type ApolloServerOptions, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { onTestFinished } from 'vitest';
import type { InFrontOptions } from '../../../src/cache/apollo/index.js';
import { cacheTypeDefs, type CacheOptions } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { memoCache, type Reader } from './memo-cache.js';

/** Who asks; a test may put them into a context that waits, or that refuses. */
export type FrontContext = Reader;

export interface FrontWorldOptions extends Partial<CacheOptions<FrontContext>> {
  /** In front of the server, after the plugin of the cache. */
  readonly plugins?: readonly ApolloServerPlugin<FrontContext>[];
  /** What `answerInFrontOf` is told. */
  readonly inFront?: InFrontOptions;
  /** Makes the server; default: one of Apollo's own class. */
  readonly make?: (options: ApolloServerOptions<FrontContext>) => ApolloServer<FrontContext>;
  /** More options of the server, made of those that it has. */
  readonly server?: (options: ServerOptions) => ApolloServerOptions<FrontContext>;
}

type ServerOptions = Parameters<typeof sameOptions>[0];

const typeDefs = /* GraphQL */ `
  type Query {
    film(id: ID! = 1): Film @cached(ttl: 60, key: "Film:{args.id}")
    price: String @cached(ttl: 60, vary: ["tenant"])
    mine: String @cached(ttl: 60, scope: PRIVATE)
    uncached: String
    failing: String @cached(ttl: 60)
  }
  type Film {
    id: ID!
    title: String
  }
  type Mutation {
    rename(id: ID!, title: String!): Film @invalidates(tags: ["Film:{args.id}"])
  }
`;

export interface Asked {
  readonly query?: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly context?: () => Promise<FrontContext>;
}

/** Apollo Server, asked as its integrations ask it, with a cache that answers in front of it. */
export async function frontWorld({
  plugins = [],
  inFront = {},
  make = (given) => new ApolloServer(given),
  server: more = sameOptions,
  ...options
}: FrontWorldOptions = {}) {
  const titles = new Map([
    ['1', 'Stalker'],
    ['2', 'Solaris'],
  ]);
  const log = cacheLog();
  const cache = memoCache<FrontContext>({ log, random: () => 0, ...options });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          film: (_, { id }: { id: string }) => ({ id, title: titles.get(id) }),
          price: (_, __, { tenant }: FrontContext) => `price for ${tenant}`,
          mine: (_, __, { viewer }: FrontContext) => `of ${viewer?.id}`,
          uncached: () => 'uncached',
          failing: () => Promise.reject(new GraphQLError('it failed')),
        },
        Mutation: {
          rename: (_, { id, title }: { id: string; title: string }) => {
            titles.set(id, title);
            return { id, title };
          },
        },
      },
    }),
  );
  const plugin = cache.apolloPlugin();
  const server = make(
    more({
      schema,
      plugins: [ApolloServerPluginCacheControlDisabled(), plugin, ...plugins],
      stringifyResult: plugin.stringifyResult,
    }),
  );
  plugin.answerInFrontOf(server, inFront);
  await server.start();
  onTestFinished(() => server.stop().catch(() => undefined));
  await cache.start();
  onTestFinished(() => cache.close());

  /** An answer, and whether it was given in front. */
  async function ask({ headers = {}, context = () => Promise.resolve({}), ...body }: Asked) {
    const before = cache.stats.memo().inFront;
    const { status, ...response } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers: new HeaderMap([['content-type', 'application/json'], ...Object.entries(headers)]),
        search: '',
        body,
      },
      context,
    });
    if (response.body.kind !== 'complete') throw new Error('the answer comes in parts');
    const isInFront = cache.stats.memo().inFront > before;
    return { status: status ?? 200, text: response.body.string, headers: response.headers, isInFront };
  }

  /** The answer once it would be given in front, if it ever is. */
  async function settled(asked: Asked) {
    for (let times = 0; times < 4; times += 1) await ask(asked);
    return ask(asked);
  }

  return { cache, log, server, schema, plugin, ask, settled };
}

function sameOptions(options: {
  readonly schema: GraphQLSchema;
  readonly plugins: ApolloServerPlugin<FrontContext>[];
  readonly stringifyResult: (result: object) => string;
}): ApolloServerOptions<FrontContext> {
  return options;
}
