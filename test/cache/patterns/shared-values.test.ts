import { randomUUID } from 'node:crypto';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { mapSchema, MapperKind } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  execute,
  GraphQLScalarType,
  parse,
  type ExecutionArgs,
  type GraphQLFieldConfig,
  type GraphQLSchema,
} from 'graphql';
import { Decimal } from 'decimal.js';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type Cache, type Store } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { needsRedis } from '../../support/needs.js';
import { useTestedRedis } from '../../support/servers/tested-redis.js';
import { decimalType } from '../../support/stores/storable-values.js';

const typeDefs = /* GraphQL */ `
  scalar Moment
  scalar Any
  interface Titled {
    title: String
  }
  type Film implements Titled {
    id: ID!
    title: String
    price: Float
    at: Moment
    any: Any
    tags: [String]
    parts: [Part!]
    renamed: String @cached(ttl: 60)
    noted: Any @cached(ttl: 60)
    person: Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.id}")
  }
  type Part {
    name: String
    at: Moment
  }
  type Person {
    id: ID!
    name: String
    shouted: String
  }
  type Query {
    film: Film @cached(ttl: 60)
    local: Film @cached(ttl: 60, local: 60)
    titled: Titled @cached(ttl: 60)
    through(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    many(ids: [ID!]!): [Film]! @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    list: [Film!]! @cached(ttl: 60)
    moment: Moment @cached(ttl: 60)
  }
`;

const YEAR = '2020-01-01T00:00:00.000Z';
const row = (id: string): object => ({
  ...{ __typename: 'Film', id, title: 'Alien', price: new Decimal('1.5'), at: new Date(YEAR) },
  ...{
    noted: { list: [1] },
    any: id === '2' ? { list: [1, 2] } : 7,
    tags: ['a', 'b'],
    parts: [{ name: 'first', at: new Date(YEAR) }],
  },
});

const whole = 'id title price at any tags parts { name at } renamed person { id name }';
const answer = {
  ...{ id: '1', title: 'Alien', price: 1.5, at: YEAR, any: 7, tags: ['a', 'b'] },
  ...{ parts: [{ name: 'first', at: YEAR }], renamed: 'Renamed', person: { id: '1', name: 'Ripley' } },
};

interface Observed {
  readonly moment?: (value: unknown) => unknown;
  /** Told of the parents of cached fields. */
  readonly seen?: (parent: unknown) => void;
}

interface Film {
  title: string;
  tags: string[];
  at: Date;
  parts: { name: string; at: Date }[];
}

function cachedSchema(
  { store = memoryStore(), strictCopies = false }: { store?: Store; strictCopies?: boolean },
  {
    moment = (value) => (value instanceof Date ? value.toISOString() : value),
    seen = () => undefined,
  }: Observed = {},
): { readonly cache: Cache<unknown>; readonly schema: GraphQLSchema } {
  const cache = createCache({
    store,
    strictCopies,
    environment: 'production',
    types: [{ ...decimalType, isImmutable: true }],
    origins: {
      Film: { load: (ids) => Promise.resolve(ids.map(row)) },
      Person: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, name: 'Ripley' }))) },
    },
  });
  const film = (): object => row('1');
  const schema = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, typeDefs],
    resolvers: {
      Moment: new GraphQLScalarType({ name: 'Moment', serialize: moment }),
      Any: new GraphQLScalarType({ name: 'Any' }),
      Query: { film, local: film, titled: film, list: () => [film()], moment: () => new Date(YEAR) },
      Film: {
        // It is asked on a miss only, and it changes its parent.
        noted: (parent: { noted: unknown }) => {
          seen(parent);
          return parent.noted;
        },
        renamed: (parent: Film) => {
          seen(parent);
          parent.title = 'Renamed';
          parent.tags.reverse();
          parent.at.setFullYear(2050);
          return parent.title;
        },
      },
    },
  });
  return { cache, schema: cache.apply(schema) };
}

const sources: Record<string, [string, (film: object) => unknown]> = {
  CACHE_ASIDE: [`{ film { ${whole} } }`, (film) => ({ film })],
  'a local copy': [`{ local { ${whole} } }`, (film) => ({ local: film })],
  READ_THROUGH: [`{ through(id: 1) { ${whole} } }`, (film) => ({ through: film })],
  'a list of READ_THROUGH': [`{ many(ids: [1, 1]) { ${whole} } }`, (film) => ({ many: [film, film] })],
  'a list': [`{ list { ${whole} } }`, (film) => ({ list: [film] })],
  'an abstract type': [`{ titled { ... on Film { ${whole} } } }`, (film) => ({ titled: film })],
};

async function ask(schema: GraphQLSchema, source: string, args?: Partial<ExecutionArgs>) {
  return execute({ schema, document: parse(source), contextValue: {}, ...args });
}

const hasRedis = needsRedis();
const used = useTestedRedis(hasRedis);
const inRedis = (): Store => redisStore(used.redis, { prefix: randomUUID() });
const tiers: [string, () => { store: Store; strictCopies?: boolean }][] = [
  ['the memory store', () => ({ store: memoryStore() })],
  ...(hasRedis
    ? ([
        ['Redis', () => ({ store: inRedis() })],
        ['strict copies', () => ({ store: inRedis(), strictCopies: true })],
      ] satisfies [string, () => { store: Store; strictCopies?: boolean }][])
    : []),
];

/** What each of several readers gets, one after the other. */
async function answersOf(schema: GraphQLSchema, source: string, args?: Partial<ExecutionArgs>) {
  const answers = [];
  for (let times = 0; times < 4; times += 1) answers.push(await ask(schema, source, args));
  return answers;
}

describe.each(tiers)('values from %s, where only default resolvers look at them', (_tier, tier) => {
  it.each(Object.entries(sources))('come as they were loaded: %s', async (_name, [source, shaped]) => {
    const { cache, schema } = cachedSchema(tier());
    await cache.start();
    for (const { data, errors } of await answersOf(schema, source)) {
      expect(errors).toBeUndefined();
      expect(data).toEqual(shaped(answer));
    }
    await cache.close();
  });

  it('are one object for all readers', async () => {
    const { cache, schema } = cachedSchema(tier());
    await cache.start();
    const seen = new Set<unknown>();
    const fieldResolver: ExecutionArgs['fieldResolver'] = (parent, ...rest) => {
      seen.add(parent);
      return defaultFieldResolver(parent, ...rest);
    };
    await ask(schema, '{ through(id: 1) { title } }');
    for (let times = 0; times < 3; times += 1) {
      await ask(schema, '{ through(id: 1) { title } }', { fieldResolver });
    }
    expect(seen.size).toBe(1);
    await cache.close();
  });
});

describe('what changes a shared value', () => {
  const dated = '{ through(id: 1) { at parts { at } } }';

  it('fails where it is the serialize of a scalar, and no other reader sees it', async () => {
    let isChanging = false;
    const moment = (value: unknown): unknown => {
      if (isChanging && value instanceof Date) value.setFullYear(2050);
      return value instanceof Date ? value.toISOString() : value;
    };
    const { schema } = cachedSchema({}, { moment });
    await answersOf(schema, dated);
    isChanging = true;
    const { errors = [] } = await ask(schema, '{ through(id: 1) { at } }');
    expect(errors.map(({ message }) => message)).toEqual([
      'setFullYear: a Date of a cached value is shared by all its readers; set a copy of it, new Date(date)',
    ]);
    isChanging = false;
    expect((await ask(schema, dated)).data).toEqual({ through: { at: YEAR, parts: [{ at: YEAR }] } });
  });

  it('has a copy where it is the resolver of a cached field below it', async () => {
    const { schema } = cachedSchema({});
    const source = '{ through(id: 1) { title tags at } }';
    await answersOf(schema, source);
    const { data, errors } = await ask(schema, '{ through(id: 1) { renamed } }');
    expect([errors, data]).toEqual([undefined, { through: { renamed: 'Renamed' } }]);
    expect((await ask(schema, source)).data).toEqual({
      through: { title: 'Alien', tags: ['a', 'b'], at: YEAR },
    });
  });

  it('has a copy where a scalar hands on an object, which then is a part of the answer', async () => {
    const { schema } = cachedSchema({});
    for (let times = 0; times < 4; times += 1) {
      const { data } = await ask(schema, '{ through(id: 2) { any } }');
      expect(data).toEqual({ through: { any: { list: [1, 2] } } });
      Object.assign(Object(Reflect.get(Object(data?.['through']), 'any')), { list: 'changed' });
    }
  });

  it('fails where it is a default resolver of the server’s own, and no other reader sees it', async () => {
    const { schema } = cachedSchema({});
    const source = '{ through(id: 1) { title tags } }';
    await answersOf(schema, source);
    const fieldResolver: ExecutionArgs['fieldResolver'] = (parent: Film, ...rest) => {
      parent.title = 'changed';
      return defaultFieldResolver(parent, ...rest);
    };
    const { errors = [] } = await ask(schema, source, { fieldResolver });
    expect(errors).not.toEqual([]);
    expect((await ask(schema, source)).data).toEqual({ through: { title: 'Alien', tags: ['a', 'b'] } });
  });

  it('has a copy where it is a resolver of a schema that was made of the cached one', async () => {
    const { schema } = cachedSchema({});
    const shouting = mapSchema(schema, {
      [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<Film, unknown>, name, typeName) =>
        `${typeName}.${name}` === 'Film.title'
          ? { ...config, resolve: (parent) => (parent.title += '!') }
          : config,
    });
    const source = '{ through(id: 1) { title } }';
    await answersOf(schema, source);
    for (let times = 0; times < 4; times += 1) {
      expect((await ask(schema, source)).data).toEqual({ through: { title: 'Alien' } });
      expect((await ask(shouting, source)).data).toEqual({ through: { title: 'Alien!' } });
    }
  });

  it.each<[string, (parent: Film) => unknown, string]>([
    ['a row', (parent) => (parent.title = 'changed'), "read only property 'title'"],
    ['a list in it', ({ tags }) => tags.reverse(), "read only property '0'"],
    ['a row in it', ({ parts }) => parts[0] && (parts[0].name = 'changed'), "read only property 'name'"],
    ['a Date in it', ({ parts }) => parts[0]?.at.setFullYear(2050), 'setFullYear: a Date of a cached value'],
  ])(
    'fails around a cached field, where it is %s, and no other reader sees it',
    async (_what, change, told) => {
      const { schema } = cachedSchema({});
      const around = mapSchema(schema, {
        [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<Film, unknown>, name, typeName) => {
          const { resolve = defaultFieldResolver } = config;
          if (`${typeName}.${name}` !== 'Film.renamed') return config;
          return {
            ...config,
            resolve: (parent, ...rest) => {
              change(parent);
              return resolve(parent, ...rest);
            },
          };
        },
      });
      const source = '{ through(id: 1) { renamed title tags parts { name at } } }';
      const [first] = await answersOf(schema, source);
      const { errors = [] } = await ask(around, source);
      expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(told)]);
      expect(await ask(schema, source)).toEqual(first);
    },
  );

  it('is the Date itself where a field is one: each reader has its own', async () => {
    const seen = new Set<unknown>();
    const moment = (value: unknown): unknown => {
      // The first Date is one that it is tried with.
      if (value instanceof Date && value.getTime() !== 0) seen.add(value);
      return value instanceof Date ? value.setFullYear(2050) : value;
    };
    const { schema } = cachedSchema({}, { moment });
    const answers = await answersOf(schema, '{ moment }');
    expect(seen.size).toBe(4);
    for (const { data, errors } of answers) expect([errors, data]).toEqual([undefined, answers[0]?.data]);
  });

  it('has a copy of a Date where a scalar sets it, or hands it on into the answer', async () => {
    const midnight = (value: unknown): unknown => value instanceof Date && value.setUTCHours(0, 0, 0, 0);
    for (const moment of [midnight, (value: unknown) => value]) {
      const { schema } = cachedSchema({}, { moment });
      const expected = moment(new Date(YEAR));
      for (const { data, errors } of await answersOf(schema, dated)) {
        expect(errors).toBeUndefined();
        expect(data).toEqual({ through: { at: expected, parts: [{ at: expected }] } });
        const at: unknown = Reflect.get(Object(data?.['through']), 'at');
        expect(Object.getPrototypeOf(at)).toBe(Object.getPrototypeOf(expected));
        if (at instanceof Date) at.setFullYear(2050);
      }
    }
  });

  it('has a copy where a schema that was made of the cached one has a field without its cache', async () => {
    const { schema } = cachedSchema({});
    const bare = mapSchema(schema, {
      [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<Film, unknown>, name, typeName) =>
        `${typeName}.${name}` === 'Film.noted' ? { ...config, resolve: defaultFieldResolver } : config,
    });
    for (const { data } of await answersOf(bare, '{ through(id: 1) { noted } }')) {
      expect(data).toEqual({ through: { noted: { list: [1] } } });
      Object.assign(Object(Reflect.get(Object(data?.['through']), 'noted')), { list: 'changed' });
    }
  });
});

describe('cached fields of one parent', () => {
  it('are given one copy of it, so that what they keep by it is found', async () => {
    const parents = new Set<unknown>();
    const { schema } = cachedSchema({}, { seen: (parent) => parents.add(parent) });
    await answersOf(schema, '{ through(id: 1) { title } }');
    await ask(schema, '{ through(id: 1) { renamed noted } }');
    expect(parents.size).toBe(1);
  });
});
