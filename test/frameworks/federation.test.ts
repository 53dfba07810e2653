import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { mercuriusFederationPlugin } from '@mercuriusjs/federation';
import fastify from 'fastify';
import { graphql, parse, type GraphQLSchema } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
  type Store,
} from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { cachePlugin } from '../../src/cache/mercurius/index.js';
import { cacheLog } from '../support/cache-log.js';
import { needsRedis } from '../support/needs.js';
import { useTestedRedis } from '../support/servers/tested-redis.js';

interface Context {
  viewer?: string;
  shard?: string;
}

const typeDefs = /* GraphQL */ `
  type Movie @key(fields: "id") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}") {
    id: ID!
    title: String
  }
  type Studio @key(fields: "name") @key(fields: "code") @cached(ttl: 60, key: "Studio:{parent.name}") {
    name: String!
    code: ID
    city: String
  }
  type Diary @key(fields: "id") @cached(ttl: 60, scope: PRIVATE) {
    id: ID!
    text: String
  }
  type Person
    @key(fields: "id")
    @key(fields: "email")
    @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.id}") {
    id: ID!
    email: String
    title: String
  }
  type Query {
    person: Person
    movie(id: ID!): Movie @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{args.id}")
    studio: Studio
    diary: Diary
  }
  type Mutation {
    rename(id: ID!, title: String!): Boolean @invalidates(tags: ["Movie:{args.id}"])
  }
`;

interface Representation {
  readonly __typename: string;
  readonly [field: string]: unknown;
}

interface Answer {
  readonly data: { readonly _entities: readonly (Readonly<Record<string, unknown>> | null)[] } | null;
  readonly errors?: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
  readonly extensions: {
    readonly cache: {
      readonly summary: { readonly loads: number; readonly storeRoundTrips: number };
      readonly fields: readonly { readonly outcome: string; readonly coordinate: string }[];
    };
  };
}

/** What a subgraph loads, and how it resolves references itself. */
function subgraphParts() {
  const loads: string[] = [];
  const titles = new Map(Array.from({ length: 120 }, (_, id) => [String(id), `movie ${id}`]));
  const load = (ids: readonly string[], { shard }: Context) => {
    loads.push(`Movie[${ids.length}] on ${shard}`);
    return Promise.resolve(
      ids.map((id) => {
        if (id === 'broken') return new Error('the row is broken');
        // It cannot be stored: each reader loads it.
        if (id === 'odd') return Object.freeze({ id, title: 'odd', close: () => undefined });
        return titles.has(id) ? Object.freeze({ id, title: titles.get(id) }) : null;
      }),
    );
  };
  const studio = (reference: unknown) => {
    const { name, code } = reference as { name?: string; code?: string };
    loads.push(`Studio(${name ?? code})`);
    return { name: name ?? 'Ciné-Tamaris', code: code ?? '1', city: 'Paris' };
  };
  const diary = (reference: unknown, { viewer }: Context) => {
    const { id } = reference as { id: string };
    loads.push(`Diary(${id}) of ${viewer}`);
    return { id, text: `of ${viewer}` };
  };
  const person = (reference: unknown) => {
    const { id, email } = reference as { id?: string; email?: string };
    loads.push(`Person(${id ?? email})`);
    return { id: id ?? '7', email: email ?? 'a@b', title: 'Agnès' };
  };
  const people = (ids: readonly string[]) => {
    loads.push(`Person[${ids.join()}]`);
    return Promise.resolve(ids.map((id) => ({ id, email: 'a@b', title: 'Agnès' })));
  };
  const rename = (_: unknown, { id, title }: { id: string; title: string }) => titles.set(id, title).size > 0;
  return { loads, load, studio, diary, person, people, rename };
}

interface World {
  readonly cache: Cache<Context>;
  readonly loads: string[];
  /** Asks for entities as a gateway does, with `viewer` as the one who asks. */
  ask(representations: readonly Representation[], viewer?: string): Promise<Answer>;
  run(query: string): Promise<void>;
}

type Start = (options: Partial<CacheOptions<Context>>) => Promise<World>;

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Movie { id title }
    ... on Studio { name city }
    ... on Diary { id text }
    ... on Person { id title }
  }
}`;

function cacheOf(
  { load, people }: Pick<ReturnType<typeof subgraphParts>, 'load' | 'people'>,
  options: Partial<CacheOptions<Context>>,
) {
  const cache = createCache<Context>({
    store: memoryStore(),
    environment: 'test',
    log: cacheLog(),
    neutral: ['shard', 'app'],
    viewer: ({ viewer }) => viewer,
    origins: { Movie: { load }, Person: { load: people } },
    ...options,
  });
  onTestFinished(() => cache.close());
  return cache;
}

function apolloSchema({ studio, diary, person, rename }: ReturnType<typeof subgraphParts>): GraphQLSchema {
  return buildSubgraphSchema({
    typeDefs: parse(`${cacheTypeDefs} ${typeDefs}`),
    resolvers: {
      Studio: { __resolveReference: (reference: unknown) => studio(reference) },
      Diary: { __resolveReference: diary },
      Person: { __resolveReference: (reference: unknown) => person(reference) },
      Mutation: { rename },
    },
  });
}

const onApollo: Start = async (options) => {
  const parts = subgraphParts();
  const cache = cacheOf(parts, options);
  const server = new ApolloServer<Context>({
    schema: cache.apply(apolloSchema(parts)),
    plugins: [cache.apolloPlugin({ evidence: () => true }), ApolloServerPluginInlineTraceDisabled()],
  });
  await cache.start();
  const send = async (query: string, variables: object, context: Context): Promise<unknown> => {
    const { body } = await server.executeOperation(
      { query, variables: { ...variables } },
      { contextValue: context },
    );
    return body.kind === 'single' ? body.singleResult : undefined;
  };
  return worldOf(parts.loads, cache, send);
};

const onMercurius =
  (jit: number): Start =>
  async (options) => {
    const parts = subgraphParts();
    const cache = cacheOf(parts, options);
    const app = fastify();
    onTestFinished(() => app.close());
    await app.register(mercuriusFederationPlugin, {
      schema: `${cacheTypeDefs} ${typeDefs.replace('type Query', 'extend type Query').replace('type Mutation', 'extend type Mutation')}`,
      resolvers: {
        Studio: { __resolveReference: (reference: unknown) => parts.studio(reference) },
        Diary: {
          __resolveReference: (reference: unknown, _: unknown, context: object) =>
            parts.diary(reference, context),
        },
        Person: { __resolveReference: (reference: unknown) => parts.person(reference) },
        Mutation: { rename: parts.rename },
      },
      jit,
    });
    await app.register(cachePlugin(cache, { evidence: () => true }));
    await app.ready();
    app.graphql.replaceSchema(cache.apply(app.graphql.schema));
    await cache.start();
    const send = (query: string, variables: Record<string, unknown>, context: Context): Promise<unknown> =>
      app.graphql(query, { ...context }, variables);
    return worldOf(parts.loads, cache, send);
  };

function worldOf(
  loads: string[],
  cache: Cache<Context>,
  send: (query: string, variables: Record<string, unknown>, context: Context) => Promise<unknown>,
): World {
  return {
    cache,
    loads,
    ask: async (representations, viewer) => {
      const context = { shard: 'a', ...(viewer !== undefined && { viewer }) };
      return JSON.parse(JSON.stringify(await send(ENTITIES, { representations }, context))) as Answer;
    },
    run: async (query) => {
      expect(await send(query, {}, { shard: 'a' })).not.toHaveProperty('errors', expect.anything());
    },
  };
}

const hasRedis = needsRedis();
const used = useTestedRedis(hasRedis);

const stores: [name: string, make: () => Store][] = [['the memory store', () => memoryStore()]];
if (hasRedis) {
  stores.push([
    'Redis',
    () => {
      return redisStore(used.redis, { prefix: randomUUID() });
    },
  ]);
}

const movie = (id: unknown): Representation => ({ __typename: 'Movie', id });

/** 100 representations: some twice, three of movies that do not exist, one whose row is broken. */
const hundred = [
  ...Array.from({ length: 90 }, (_, id) => movie(String(id))),
  ...[movie('5'), movie('gone-1'), movie('6'), movie('broken'), movie('gone-2'), movie('7')],
  ...[movie('7'), movie('gone-3'), movie('90'), movie('91')],
];
const expected = hundred.map(({ id }) => {
  const isThere = !String(id).startsWith('gone') && id !== 'broken';
  return isThere ? { __typename: 'Movie', id, title: `movie ${String(id)}` } : null;
});

describe.each<[name: string, start: Start]>([
  ['Apollo', onApollo],
  ['Mercurius', onMercurius(0)],
  ['Mercurius with its JIT', onMercurius(1)],
])('the entities of a subgraph of %s', (_server, start) => {
  it.each(stores)(
    'are one store read and one load for 100 representations, with %s',
    async (_store, make) => {
      const { ask, loads } = await start({ store: make() });
      const isShared = _store === 'Redis';
      const cold = await ask(hundred);
      expect(cold.data?._entities).toEqual(expected);
      expect(cold.errors).toMatchObject([{ path: ['_entities', 93], message: 'the row is broken' }]);
      // 92 movies, three that are gone, and the broken one.
      expect(loads.splice(0)).toEqual(['Movie[96] on a']);
      const warm = await ask(hundred);
      // The JIT of Mercurius (graphql-jit 0.8.9) adds a null to any list of which one promise rejects after the others.
      expect(warm.data?._entities.slice(0, hundred.length)).toEqual(expected);
      expect(loads.splice(0)).toEqual(['Movie[1] on a']);
      const hits = await ask(hundred.slice(0, 93));
      expect(hits.data?._entities).toEqual(expected.slice(0, 93));
      expect(hits.errors).toBeUndefined();
      expect(loads).toEqual([]);
      expect(hits.extensions.cache.summary).toMatchObject({ loads: 0, storeRoundTrips: isShared ? 1 : 0 });
      expect(
        new Set(hits.extensions.cache.fields.map(({ coordinate, outcome }) => `${coordinate} ${outcome}`)),
      ).toEqual(new Set(['Movie.__resolveReference HIT']));
    },
  );

  it('share their entries with the fields of the same key, and a write ends both', async () => {
    const { ask, run, loads } = await start({});
    await run('{ movie(id: "1") { title } }');
    expect((await ask([movie('1')])).data?._entities).toMatchObject([{ title: 'movie 1' }]);
    expect(loads).toEqual(['Movie[1] on a']);
    await run('mutation { rename(id: "1", title: "renamed") }');
    expect((await ask([movie('1'), movie('2')])).data?._entities).toMatchObject([
      { title: 'renamed' },
      { title: 'movie 2' },
    ]);
    expect(loads).toEqual(['Movie[1] on a', 'Movie[2] on a']);
  });

  it('are cached around their own resolver, and resolved by it for a reference by another key', async () => {
    const { ask, loads } = await start({});
    const byName = { __typename: 'Studio', name: 'Ciné' };
    for (let times = 0; times < 3; times += 1)
      expect((await ask([byName, byName])).data?._entities).toMatchObject([
        { city: 'Paris' },
        { city: 'Paris' },
      ]);
    expect(loads).toEqual(['Studio(Ciné)']);
    for (let times = 0; times < 2; times += 1)
      expect((await ask([{ __typename: 'Studio', code: '1' }])).data?._entities).toMatchObject([
        { city: 'Paris' },
      ]);
    expect(loads).toEqual(['Studio(Ciné)', 'Studio(1)', 'Studio(1)']);
  });

  it('of READ_THROUGH are loaded by the origin, and by their resolver for a reference without the id of the key', async () => {
    const { ask, loads } = await start({});
    const byId = { __typename: 'Person', id: '7' };
    const byEmail = { __typename: 'Person', email: 'a@b' };
    for (let times = 0; times < 2; times += 1)
      expect((await ask([byId, byEmail])).data?._entities).toMatchObject([
        { title: 'Agnès' },
        { title: 'Agnès' },
      ]);
    expect(loads.sort()).toEqual(['Person(a@b)', 'Person(a@b)', 'Person[7]']);
  });

  it('may be objects that allow no change and cannot be stored', async () => {
    const { ask } = await start({});
    for (let times = 0; times < 2; times += 1)
      expect((await ask([movie('odd'), movie('odd')])).data?._entities).toMatchObject([
        { title: 'odd' },
        { title: 'odd' },
      ]);
  });

  it('of PRIVATE types are kept apart by viewer, and the resolver sees the context', async () => {
    const { ask, loads } = await start({});
    const diary = { __typename: 'Diary', id: '1' };
    for (const viewer of ['ann', 'ben', 'ann', 'ben'])
      expect((await ask([diary], viewer)).data?._entities).toMatchObject([{ text: `of ${viewer}` }]);
    expect(loads).toEqual(['Diary(1) of ann', 'Diary(1) of ben']);
    expect((await ask([diary])).data?._entities).toMatchObject([{ text: 'of undefined' }]);
    expect((await ask([diary])).extensions.cache.fields).toMatchObject([{ outcome: 'BYPASS' }]);
  });

  it('ask authorize first, and an error of it is the error of that reference alone', async () => {
    const { ask } = await start({
      authorize: (_coordinate, parent, _args, { viewer }) => {
        const { id } = parent as { id: string };
        if (id === '3') throw new Error('no rights');
        return viewer === 'ann' || id === '1';
      },
    });
    expect((await ask([movie('1'), movie('2')], 'ann')).data?._entities).toMatchObject([
      { id: '1' },
      { id: '2' },
    ]);
    const refused = await ask([movie('1'), movie('2'), movie('3')], 'ben');
    expect(refused.data?._entities).toEqual([{ __typename: 'Movie', id: '1', title: 'movie 1' }, null, null]);
    expect(refused.errors).toMatchObject([{ path: ['_entities', 1] }, { path: ['_entities', 2] }]);
  });

  it.each([[['1', '2']], [{ id: '1' }], [null], [undefined]])(
    'answer a representation with the id %j with null or an error, and nothing else is lost',
    async (id) => {
      const { ask } = await start({});
      const { data } = await ask([movie('1'), movie(id), movie('2')]);
      expect(data?._entities).toMatchObject([{ id: '1' }, null, { id: '2' }]);
    },
  );

  it('go past the cache where they are switched off', async () => {
    const { ask, loads } = await start({ disabled: ['Movie.__resolveReference'] });
    for (let times = 0; times < 2; times += 1)
      expect((await ask([movie('1'), movie('2')])).data?._entities).toMatchObject([{ id: '1' }, { id: '2' }]);
    expect(loads).toEqual(['Movie[2] on a', 'Movie[2] on a']);
  });
});

describe('the schema of an Apollo subgraph', () => {
  const source = '{ _service { sdl } }';
  const sdlOf = async (schema: GraphQLSchema): Promise<string> => {
    const { data } = await graphql({ schema, source });
    return (data as { _service: { sdl: string } })._service.sdl;
  };
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@inaccessible"])';
  const reviews =
    'type Movie @key(fields: "id") { id: ID! reviews: [String] } type Query { reviewed: Movie }';

  it.each([
    ['federation 1', ''],
    ['federation 2', `${link} extend enum CachePattern @inaccessible extend enum CacheScope @inaccessible`],
  ])('of %s is composed with one that knows nothing of the cache', async (_version, head) => {
    const ours = buildSubgraphSchema(parse(`${head} ${cacheTypeDefs} ${typeDefs}`));
    const theirs = buildSubgraphSchema(parse(`${head === '' ? '' : link} ${reviews}`));
    const { errors, supergraphSdl, schema } = composeServices([
      { name: 'ours', url: 'http://ours', typeDefs: parse(await sdlOf(ours)) },
      { name: 'theirs', url: 'http://theirs', typeDefs: parse(await sdlOf(theirs)) },
    ]);
    expect(errors).toBeUndefined();
    expect(supergraphSdl).not.toContain('@cached');
    expect(await sdlOf(ours)).toContain('@cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}")');
    const names =
      schema
        ?.toAPISchema()
        .types()
        .map(({ name }) => name) ?? [];
    expect(names).toContain('Movie');
    expect(names.includes('CachePattern')).toBe(head === '');
  });

  it.each<[string, (cache: Cache<Context>, schema: GraphQLSchema) => GraphQLSchema]>([
    ['before', (cache, schema) => cache.apply(copyOf(schema))],
    ['after', (cache, schema) => copyOf(cache.apply(schema))],
  ])('keeps its references cached where it is built anew %s the cache is applied', async (_when, apply) => {
    const parts = subgraphParts();
    const schema = apply(cacheOf(parts, {}), apolloSchema(parts));
    for (let times = 0; times < 2; times += 1) {
      const { data } = await graphql({
        ...{ schema, source: ENTITIES, contextValue: { shard: 'a' } },
        variableValues: { representations: [movie('1'), { __typename: 'Studio', name: 'Ciné' }] },
      });
      expect(data).toMatchObject({ _entities: [{ title: 'movie 1' }, { city: 'Paris' }] });
    }
    expect(parts.loads).toEqual(['Studio(Ciné)', 'Movie[1] on a']);
  });

  it('is left as it was', () => {
    const parts = subgraphParts();
    const schema = apolloSchema(parts);
    const before = schema.getType('Studio')?.extensions;
    cacheOf(parts, {}).apply(schema);
    expect(schema.getType('Studio')?.extensions).toBe(before);
    expect(before).toEqual({ apollo: { subgraph: { resolveReference: expect.any(Function) as unknown } } });
  });
});

/** A schema as graphql-tools builds it anew. */
function copyOf(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, { [MapperKind.OBJECT_FIELD]: (config) => ({ ...config }) });
}

describe('@cached on an entity is refused', () => {
  const faultOf = (sdl: string, options: Partial<CacheOptions<Context>> = {}): string => {
    const schema = buildSubgraphSchema(parse(`${cacheTypeDefs} ${sdl}`));
    const load = (ids: readonly string[]) => Promise.resolve(ids);
    const cache = createCache<Context>({ store: memoryStore(), origins: { Movie: { load } }, ...options });
    try {
      cache.apply(schema);
    } catch (error) {
      return String(error).split('\n').slice(1).join('\n');
    }
    return 'nothing';
  };
  const query = 'type Query { a: Int }';

  it.each<[title: string, sdl: string, fault: string]>([
    [
      'without a resolver, where the engine asks none',
      'type Movie @key(fields: "id") @cached(ttl: 60) { id: ID! }',
      '@cached on Movie: pattern CACHE_ASIDE needs a resolver that loads; write one, or use READ_THROUGH with an origin',
    ],
    [
      'with a key that a reference does not have',
      'type Movie @key(fields: "id") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.slug}") { id: ID! slug: ID }',
      '@cached on Movie: key "Movie:{parent.slug}" has the placeholder {parent.slug}, but a reference has the fields of a @key only: id',
    ],
    [
      'with a key that not every reference has, where there is no resolver',
      'type Movie @key(fields: "id") @key(fields: "slug") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}") { id: ID! slug: ID }',
      '@cached on Movie: key "Movie:{parent.id}" has the placeholder {parent.id}, which a reference by another @key does not have; write __resolveReference for those',
    ],
    [
      'where a field requires what comes with the reference',
      'type Movie @key(fields: "id") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}") { id: ID! price: Int @external tax: Int @requires(fields: "price") }',
      '@cached on Movie: cannot be cached as an entity, because what Movie.tax requires comes with each reference (@requires); put @cached on fields of Movie',
    ],
    [
      'with a pattern that loads before a request asks',
      'type Movie @key(fields: "id") @cached(ttl: 60, pattern: PREFETCH) { id: ID! }',
      '@cached on Movie: pattern PREFETCH stands on Query fields only; on this field use CACHE_ASIDE or READ_THROUGH',
    ],
    [
      'without a @key by which it is resolved here',
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) type Movie @key(fields: "id", resolvable: false) @cached(ttl: 60) { id: ID! }',
      '@cached on Movie: stands on fields, and on types with a @key, only; move it to the fields of Movie',
    ],
    [
      'with a ttl that differs from that of a field with the same key',
      'type Movie @key(fields: "id") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}") { id: ID! } ' +
        'extend type Query { movie(id: ID!): Movie @cached(ttl: 5, pattern: READ_THROUGH, key: "Movie:{args.id}") }',
      'shares the key "Movie:{}" with',
    ],
  ])('%s', (_title, sdl, fault) => {
    expect(faultOf(`${sdl} ${query}`)).toContain(fault);
  });
});

it.each([
  ['a key of one field', '@key(fields: "name")'],
  ['a key that is a part of another', '@key(fields: "name region") @key(fields: "name")'],
  ['one of several keys', '@key(fields: "code") @key(fields: "name")'],
])('stores nothing of what a client sends beside %s', async (_what, key) => {
  const cache = createCache({ store: memoryStore() });
  onTestFinished(() => cache.close());
  const schema = cache.apply(
    buildSubgraphSchema({
      typeDefs: parse(
        `${cacheTypeDefs} type Query { q: Int }
         type Studio ${key} @cached(ttl: 60, key: "Studio:{parent.name}") {
           name: ID! code: ID region: String city: String
         }`,
      ),
      resolvers: { Studio: { __resolveReference: (reference: object) => ({ city: 'Paris', ...reference }) } },
    }),
  );
  await cache.start();
  const ask = (reference: object) =>
    graphql({
      schema,
      source: 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Studio { city } } }',
      variableValues: { r: [{ __typename: 'Studio', name: 'Ciné', ...reference }] },
      contextValue: {},
    });
  await ask({ city: 'made up', region: 'made up' });
  expect((await ask({})).data).toEqual({ _entities: [{ city: 'Paris' }] });
});
