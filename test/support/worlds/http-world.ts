import { request as send, type ClientRequest, type IncomingMessage } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
} from '../../../src/cache/index.js';
import { cacheLog } from '../cache-log.js';
import { manualClock, type ManualClock } from '../manual-clock.js';

/** What every server makes of the headers `x-viewer` and `x-tenant`. */
export interface HttpContext {
  viewer?: { id: string };
  tenant?: string;
}

/** A schema with fields of all kinds, for what answers tell over HTTP. */
export interface HttpWorld {
  readonly schema: GraphQLSchema;
  readonly cache: Cache<HttpContext>;
  readonly clock: ManualClock;
  /** Changes what the origin has, without telling the cache. */
  changeUnseen(text: string): void;
  /** Loads of a field since the start. */
  loads(field: string): number;
}

const typeDefs = /* GraphQL */ `
  type Film {
    id: ID!
    title: String
    director: Person @cached(ttl: 300, pattern: READ_THROUGH, key: "Person:{parent.directorId}")
    resolved: String
  }
  type Person {
    id: ID!
    name: String
  }
  type Query {
    film(id: ID!): Film @cached(ttl: 100, pattern: READ_THROUGH, key: "Film:{args.id}")
    films(ids: [ID!]!): [Film] @cached(ttl: 100, pattern: READ_THROUGH, key: "Film:{args.ids}")
    aside: String @cached(ttl: 60, tags: ["News"])
    stale: String @cached(ttl: 10, swr: 1000)
    warm: String @cached(ttl: 60, pattern: PREFETCH)
    mine: String @cached(ttl: 60, scope: PRIVATE)
    price: String @cached(ttl: 60, vary: ["tenant"])
    behind(id: ID!): Note @cached(ttl: 60, key: "Note:{args.id}")
    many(ids: [ID!]!): [Film] @cached(ttl: 100, pattern: READ_THROUGH, key: "Film:{args.ids}")
    brief: String @cached(ttl: 3)
    uncached: String
    failing: String @cached(ttl: 60)
  }
  type Note {
    id: ID!
    text: String
  }
  type Mutation {
    rename(id: ID!, title: String!): Film @invalidates(tags: ["Film:{args.id}"])
    note(id: ID!, text: String!): Note @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Note:{args.id}")
  }
`;

export function httpWorld(options: Partial<CacheOptions<HttpContext>> = {}): HttpWorld {
  const clock = manualClock();
  let text = 'first';
  const counts = new Map<string, number>();
  const loaded = <T>(field: string, value: T): T => {
    counts.set(field, (counts.get(field) ?? 0) + 1);
    return value;
  };
  const cache = createCache<HttpContext>({
    store: memoryStore({ clock }),
    viewer: ({ viewer }) => viewer?.id,
    vary: { tenant: ({ tenant }) => tenant },
    environment: 'test',
    log: cacheLog(),
    random: () => 0,
    clock,
    http: true,
    origins: {
      Film: {
        load: async (ids) => ids.map((id) => loaded('film', { id, title: `${text} ${id}`, directorId: '7' })),
      },
      Person: { load: async (ids) => ids.map((id) => loaded('person', { id, name: `${text} ${id}` })) },
      Note: { flush: () => Promise.resolve() },
    },
    ...options,
  });
  const resolvers = {
    Query: {
      aside: () => loaded('aside', text),
      stale: () => loaded('stale', text),
      brief: () => loaded('brief', String(Date.now())),
      warm: () => loaded('warm', text),
      mine: (_: unknown, __: unknown, { viewer }: HttpContext) => loaded('mine', `${text} of ${viewer?.id}`),
      price: (_: unknown, __: unknown, { tenant }: HttpContext) => loaded('price', `${text} for ${tenant}`),
      behind: (_: unknown, { id }: { id: string }) => loaded('behind', { id, text }),
      uncached: () => 'uncached',
      failing: () => {
        throw new GraphQLError('it failed');
      },
    },
    Film: { resolved: () => 'resolved' },
    Mutation: {
      rename: (_: unknown, { id, title }: { id: string; title: string }) => ({ id, title }),
      note: (_: unknown, { id, text: written }: { id: string; text: string }) => ({ id, text: written }),
    },
  };
  return {
    cache,
    clock,
    schema: cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers })),
    changeUnseen: (next) => void (text = next),
    loads: (field) => counts.get(field) ?? 0,
  };
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** By name in lower case; undefined where it is not there. */
  header(name: string): string | undefined;
}

export interface HttpAsked {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a server as it is asked to; unlike `fetch` it adds no header by itself. */
export async function askOver(
  url: string,
  query: string,
  { method = 'GET', headers = {} }: HttpAsked = {},
): Promise<HttpAnswer> {
  const target = method === 'GET' ? `${url}?query=${encodeURIComponent(query)}` : url;
  const preflight =
    method === 'GET' ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' };
  const asked = send(target, { method, headers: { accept: 'application/json', ...preflight, ...headers } });
  asked.end(method === 'GET' ? undefined : JSON.stringify({ query }));
  const { response, body } = await wholeAnswer(asked);
  const header = (name: string): string | undefined => {
    const value = response.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return { status: response.statusCode ?? 0, body, header };
}

/** Resolves once a request is answered to the end. */
export function wholeAnswer(asked: ClientRequest): Promise<{ response: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ response, body: Buffer.concat(parts).toString() }));
    });
  });
}
