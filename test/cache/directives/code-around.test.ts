import { makeExecutableSchema } from '@graphql-tools/schema';
import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { graphql, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { countLookAhead } from '../../support/count-look-ahead.js';

interface Reader {
  readonly user?: string;
  readonly as?: string;
  readonly isAdmin?: boolean;
  readonly currency?: string;
}

type Resolver = GraphQLFieldResolver<unknown, Reader>;
/** Stands around the resolver of a field, as graphql-middleware has it. */
type Around = (
  resolve: Resolver,
  parent: unknown,
  args: Record<string, unknown>,
  context: Reader,
  info: Parameters<Resolver>[3],
) => unknown;
type Arounds = Readonly<Record<string, Around>>;

const typeDefs = /* GraphQL */ `
  type Person {
    name: String
  }
  input Filter {
    currency: String
  }
  type Film {
    id: ID!
    title: String
    directorId: ID
    sequel: Film
    director: Person @cached(ttl: 60)
    maker: Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.directorId}")
    price(currency: String): String @cached(ttl: 60)
    offer(filter: Filter): String @cached(ttl: 60)
    note: String @cached(ttl: 60, scope: PRIVATE)
    keyedNote: String @cached(ttl: 60, scope: PRIVATE, key: "Note:{viewer.id}:{parent.id}")
    dated: String @cached(ttl: 60, key: "Dated:{parent.at}")
    tagged: String @cached(ttl: 60, key: "Tagged:{parent.id}", tags: ["Person:{parent.directorId}"])
  }
  type Edge {
    node: Film
  }
  type Connection {
    edges: [Edge]
  }
  type Query {
    films: [Film!]! @cached(ttl: 60)
    connection: Connection @cached(ttl: 60)
    film(id: ID!): Film @cached(ttl: 60)
  }
`;

const filmOf = (id: string): object => ({
  id,
  title: `film ${id}`,
  directorId: `d${id}`,
  isHidden: id === 'A',
  at: new Date(id.charCodeAt(0)),
});
const at = (parent: unknown, name: string): string => String(Reflect.get(Object(parent), name));
const title = (film: unknown): string => at(film, 'title');
const IDS = ['A', 'B', 'C'];

const resolvers = {
  Query: {
    films: () => IDS.map(filmOf),
    connection: () => ({ edges: IDS.map((id) => ({ node: filmOf(id) })) }),
    film: (_: unknown, { id }: { id: string }) => ({ ...filmOf(id), sequel: filmOf('S') }),
  },
  Film: {
    director: (film: unknown) => ({ name: `director of ${at(film, 'id')}` }),
    maker: (film: unknown) => ({ name: `maker ${at(film, 'directorId')}` }),
    price: (film: unknown, { currency = 'none' }: { currency?: string }) =>
      `${at(film, 'id')} in ${currency}`,
    offer: (film: unknown, { filter }: { filter?: { currency?: string } }) =>
      `${at(film, 'id')} in ${filter?.currency ?? 'none'}`,
    note: (film: unknown, _: unknown, { user }: Reader) => `${user ?? 'no one'} on ${at(film, 'id')}`,
    keyedNote: (film: unknown, _: unknown, { user }: Reader) => `${user ?? 'no one'} on ${at(film, 'id')}`,
    dated: (film: unknown) => `dated ${at(film, 'id')}`,
    tagged: (film: unknown) => `tagged ${at(film, 'id')}`,
  },
};

function wrapped(schema: GraphQLSchema, arounds: Arounds): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
      const around = arounds[`${typeName}.${fieldName}`];
      const { resolve } = config;
      if (around === undefined || resolve === undefined) return config;
      return {
        ...config,
        resolve: (parent, args: Record<string, unknown>, context: Reader, info) =>
          around(resolve, parent, args, context, info),
      };
    },
  });
}

/** What readers are given: where a type has a resolver that is not cached, copies, which may be changed. */
type Values = 'shared' | 'copies';
type Asked = readonly [source: string, reader?: Reader, variables?: Readonly<Record<string, unknown>>];

/** The answers with a cache and without one, of the same schema with the same code around its fields. */
async function answers(
  arounds: Arounds,
  asked: readonly Asked[],
  values: Values = 'shared',
): Promise<Record<'cached' | 'plain', unknown[]>> {
  const cache = createCache<Reader>({
    store: memoryStore(),
    viewer: ({ user }) => user,
    origins: {
      Person: { load: (ids) => Promise.resolve(ids.map((id) => ({ name: `maker ${id}` }))) },
    },
  });
  onTestFinished(() => cache.close());
  const Film = values === 'copies' ? { ...resolvers.Film, title } : resolvers.Film;
  const plain = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, typeDefs],
    resolvers: { ...resolvers, Film },
  });
  const ask = async (schema: GraphQLSchema): Promise<unknown[]> => {
    const all: unknown[] = [];
    for (const [source, reader = {}, variables = {}] of asked) {
      const variableValues = structuredClone(variables);
      const result = await graphql({ schema, source, contextValue: { ...reader }, variableValues });
      all.push(JSON.parse(JSON.stringify(result)));
    }
    return all;
  };
  return {
    cached: await ask(wrapped(cache.apply(plain), arounds)),
    plain: await ask(wrapped(plain, arounds)),
  };
}

async function expectSame(arounds: Arounds, asked: readonly Asked[], values?: Values): Promise<void> {
  // Cold, and from what was stored.
  const { cached, plain } = await answers(arounds, [...asked, ...asked], values);
  expect(cached).toEqual(plain);
}

const listed = async (value: unknown): Promise<unknown[]> => {
  const list: unknown = await value;
  return Array.isArray(list) ? list : [];
};
const isHidden = (film: unknown): boolean => Reflect.get(Object(film), 'isHidden') === true;

const EACH = 'title director { name } maker { name } dated tagged';
const ONE_BY_ONE: readonly Asked[] = IDS.map((id) => [
  `{ film(id: "${id}") { ${EACH} price } }`,
  { isAdmin: true },
]);

describe('a list that code around the cache has changed', () => {
  const visible: Around = async (resolve, parent, args, context, info) =>
    (await listed(resolve(parent, args, context, info))).filter((film) => context.isAdmin || !isHidden(film));
  const reversed: Around = async (resolve, ...call) => (await listed(resolve(...call))).toReversed();
  const copied: Around = async (resolve, ...call) =>
    (await listed(resolve(...call))).map((film) => Object.assign({}, film));
  /** As a reader may see it. */
  const redacted: Around = async (resolve, parent, args, context, info) => {
    const films = await listed(resolve(parent, args, context, info));
    if (context.isAdmin !== true) films.forEach((film) => Reflect.set(Object(film), 'directorId', 'unknown'));
    return films;
  };
  const replaced: Around = async (resolve, ...call) => {
    const films = await listed(resolve(...call));
    films.forEach((film, index) => Object.assign(Object(film), filmOf(IDS.at(index - 1) ?? '')));
    return films;
  };

  it.each<[string, Around, Values]>([
    ['filtered', visible, 'shared'],
    ['filtered, of copies', visible, 'copies'],
    ['sorted', reversed, 'shared'],
    ['sorted, of copies', reversed, 'copies'],
    ['copied', copied, 'shared'],
    ['changed in its elements', redacted, 'copies'],
    ['with others in place of its elements', replaced, 'copies'],
  ])('is answered as without a cache: %s', async (_, around, values) => {
    const source = `{ films { ${EACH} price(currency: "EUR") } }`;
    const asked: readonly Asked[] = [[source], [source, { isAdmin: true }], [source], ...ONE_BY_ONE];
    await expectSame({ 'Query.films': around }, asked, values);
  });

  it('has what was read ahead given for copies too', async () => {
    const counted = countLookAhead();
    onTestFinished(counted.restore);
    await answers({ 'Query.films': copied }, [
      ['{ films { director { name } } }'],
      ['{ films { director { name } } }'],
    ]);
    expect(counted.hits()).toBe(3);
  });

  it('is answered as without a cache where its objects are nodes of edges', async () => {
    const around: Around = async (resolve, ...call) => {
      const { edges }: { edges?: unknown } = Object(await resolve(...call));
      for (const edge of await listed(edges)) {
        const node: unknown = Reflect.get(Object(edge), 'node');
        Reflect.set(Object(node), 'directorId', 'unknown');
      }
      return { edges };
    };
    const source = `{ connection { edges { node { ${EACH} } } } }`;
    await expectSame({ 'Query.connection': around }, [[source], ...ONE_BY_ONE], 'copies');
  });
});

it('an entry of an object that was changed has the tags of what it is now', async () => {
  let version = 1;
  const cache = createCache({
    store: memoryStore(),
    fetches: ['Person'],
    origins: { Person: { load: (ids) => Promise.resolve(ids.map((id) => ({ name: id }))) } },
    viewer: () => undefined,
  });
  onTestFinished(() => cache.close());
  const Film = { ...resolvers.Film, title, tagged: () => `version ${version}` };
  const schema = wrapped(
    cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, typeDefs],
        resolvers: { ...resolvers, Film },
      }),
    ),
    {
      'Query.films': async (resolve, ...call) => {
        const films = await listed(resolve(...call));
        for (const film of films) Reflect.set(Object(film), 'directorId', 'other');
        return films;
      },
    },
  );
  const ask = async (): Promise<unknown> => {
    const { data } = await graphql({ schema, source: '{ films { tagged } }', contextValue: {} });
    return JSON.parse(JSON.stringify(data));
  };
  const all = (tagged: string) => ({ films: IDS.map(() => ({ tagged })) });
  expect(await ask()).toEqual(all('version 1'));
  version = 2;
  await cache.invalidate(['Person:other']);
  expect(await ask()).toEqual(all('version 2'));
});

describe('arguments that code around the cache has changed', () => {
  const readers: readonly Reader[] = [{ currency: 'EUR' }, { currency: 'USD' }, {}];
  const inCurrency: Around = (resolve, parent, args, context, info) =>
    resolve(parent, { ...(context.currency && { currency: context.currency }), ...args }, context, info);
  const filtered: Around = (resolve, parent, args, context, info) =>
    resolve(parent, { ...args, filter: { currency: context.currency } }, context, info);
  /** Changes what the client sent, which all calls of the field are given. */
  const inPlace: Around = (resolve, parent, args, context, info) => {
    if (context.currency !== undefined) Reflect.set(Object(args['filter']), 'currency', context.currency);
    return resolve(parent, args, context, info);
  };

  const without: Around = (resolve, parent, args, context, info) =>
    resolve(parent, context.currency === 'EUR' ? args : {}, context, info);
  const filter = { currency: 'CHF' };

  it.each([
    ['added', 'price', { 'Film.price': inCurrency }],
    ['added where it is given', 'price(currency: "CHF")', { 'Film.price': inCurrency }],
    ['left out', 'price(currency: "CHF")', { 'Film.price': without }],
    ['an object that is added', 'offer', { 'Film.offer': filtered }],
    ['an object in place of another', 'offer(filter: { currency: "CHF" })', { 'Film.offer': filtered }],
    ['an object that is changed', 'offer(filter: $filter)', { 'Film.offer': inPlace }],
  ])('decide in a list as outside of it: %s', async (_, field, arounds: Arounds) => {
    const variables = field.includes('$') ? '($filter: Filter)' : '';
    const source = `query ${variables} { films { ${field} } film(id: "A") { ${field} } }`;
    await expectSame(
      arounds,
      [...readers, ...readers.toReversed()].map((reader): Asked => [source, reader, { filter }]),
    );
  });

  it('that are the same object in each call are compared by what they hold', async () => {
    const counted = countLookAhead();
    onTestFinished(counted.restore);
    const asked: Asked = ['{ films { offer(filter: { currency: "CHF" }) } }'];
    await answers({}, [asked, asked]);
    expect(counted.hits()).toBe(3);
  });
});

it('what code around a list has written is seen by the objects of the list', async () => {
  let version = 0;
  const cache = createCache({ store: memoryStore(), fetches: ['Count'] });
  onTestFinished(() => cache.close());
  const counts = makeExecutableSchema({
    typeDefs: [
      cacheTypeDefs,
      `type Film { id: ID! count: Int @cached(ttl: 60, key: "Count:{parent.id}") other: Int @cached(ttl: 60) }
       type Query { films: [Film!]! @cached(ttl: 60) }`,
    ],
    resolvers: {
      Query: { films: () => IDS.map((id) => ({ id })) },
      Film: { count: () => version, other: () => version },
    },
  });
  const schema = wrapped(cache.apply(counts), {
    'Query.films': async (resolve, ...call) => {
      const films: unknown = await resolve(...call);
      version += 1;
      await cache.invalidate(['Count:A']);
      return films;
    },
  });
  const counted = countLookAhead();
  onTestFinished(counted.restore);
  const ask = async (): Promise<unknown> => {
    const { data } = await graphql({ schema, source: '{ films { count other } }', contextValue: {} });
    return Reflect.get(Object(data), 'films');
  };
  const after = (count: number) => [
    { count, other: 1 },
    { count: 1, other: 1 },
    { count: 1, other: 1 },
  ];
  expect([await ask(), await ask(), await ask()]).toEqual([after(1), after(2), after(3)]);
  // What was not written is as good as before.
  expect(counted.hits()).toBe(10);
});

describe('an object that code around the cache calls a field with instead', () => {
  const ofSequel: Around = (resolve, parent, args, context, info) =>
    resolve(Reflect.get(Object(parent), 'sequel') ?? parent, args, context, info);
  const both = '{ film(id: "A") { dated tagged offer } }';

  it.each<[string, readonly Asked[]]>([
    ['while nothing is stored', []],
    ['where both are shared', [['{ film(id: "A") { title } }'], ['{ film(id: "A") { title } }']]],
  ])('is not taken for the one before it: %s', async (_, before) => {
    await expectSame({ 'Film.tagged': ofSequel }, [...before, [both], ['{ film(id: "S") { tagged } }']]);
  });
});

describe('a reader who is another one to the code around the cache', () => {
  const NOTES = ['{ films { note keyedNote } }', '{ connection { edges { node { note keyedNote } } } }'];
  const ALONE = '{ film(id: "A") { note keyedNote } }';
  const readers: readonly Reader[] = [
    { user: 'ann', as: 'eve' },
    { user: 'bob', as: 'ann' },
    { user: 'eve', as: 'bob' },
    {},
  ];
  const asService: Around = (resolve, parent, args, context, info) =>
    resolve(parent, args, { ...context, user: 'service' }, info);
  /** The same context, which is somebody else's while the list is made. */
  const asServiceForAWhile: Around = async (resolve, parent, args, context, info) => {
    const { user } = context;
    Reflect.set(context, 'user', 'service');
    try {
      return await resolve(parent, args, context, info);
    } finally {
      Reflect.set(context, 'user', user);
    }
  };
  const impersonating: Around = (resolve, parent, args, context, info) =>
    resolve(parent, args, { ...context, ...(context.as && { user: context.as }) }, info);

  it.each([
    ['while a list is made', { 'Query.films': asService, 'Query.connection': asService }],
    ['in the same context', { 'Query.films': asServiceForAWhile, 'Query.connection': asServiceForAWhile }],
    ['in the field itself', { 'Film.note': impersonating, 'Film.keyedNote': impersonating }],
  ])('is given no note of others: %s', async (_, arounds: Arounds) => {
    for (const source of NOTES) {
      await expectSame(
        arounds,
        readers.flatMap((reader): Asked[] => [
          [source, reader],
          [ALONE, reader],
        ]),
      );
    }
  });
});
