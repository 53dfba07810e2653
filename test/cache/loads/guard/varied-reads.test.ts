import { makeExecutableSchema } from '@graphql-tools/schema';
import DataLoader from 'dataloader';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';

class Context {
  readonly viewerId: string;
  readonly preferences: { locale: string };
  readonly tenant: string;
  readonly account: { tenant: string; id: string };
  readonly prisma = 'prisma';
  readonly titles: DataLoader<string, string>;

  constructor({ id = 'ann', tenant = 'acme', locale = 'de' } = {}) {
    this.viewerId = id;
    this.tenant = tenant;
    this.preferences = { locale };
    this.account = { tenant, id };
    this.titles = new DataLoader((ids) => Promise.resolve(ids.map((one) => `${one} in ${this.locale}`)));
  }
  get locale(): string {
    return this.preferences.locale;
  }
}

type Read = (context: Context) => unknown;

const typeDefs = `
  type Row { id: ID! text: String }
  type Query {
    unvaried: String @cached(ttl: 60)
    byLocale: String @cached(ttl: 60, vary: ["locale"])
    byTenant: String @cached(ttl: 60, vary: ["tenant"])
    byBoth: String @cached(ttl: 60, vary: ["locale", "tenant"])
    through(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
    throughLocale(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Local:{args.id}", vary: ["locale"])
  }
`;

function setUp(read: Read, options: { environment?: 'test' | 'production'; neutral?: string[] } = {}) {
  const { environment = 'test', neutral } = options;
  const load = (ids: readonly string[], context: Context) =>
    Promise.resolve(ids.map((id) => ({ id, text: String(read(context)) })));
  const cache = createCache<Context>({
    store: memoryStore(),
    log: cacheLog(),
    environment,
    viewer: ({ viewerId }) => viewerId,
    vary: {
      locale: ({ locale }) => locale,
      tenant: ({ tenant }) => tenant,
    },
    origins: { Row: { load }, Local: { load } },
    ...(neutral === undefined ? {} : { neutral }),
  });
  const resolve = (_: unknown, __: unknown, context: Context): unknown => read(context);
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: { unvaried: resolve, byLocale: resolve, byTenant: resolve, byBoth: resolve },
      },
    }),
  );
  const query = async (source: string, contextValue = new Context()) => {
    const { data, errors = [] } = await graphql({ schema, source, contextValue });
    const messages = errors.map(({ message }) => message);
    return { data: JSON.parse(JSON.stringify(data)) as unknown, messages };
  };
  return { cache, query };
}

const sentence = (
  coordinate: string,
  name: string,
  { missing, vary }: { missing: string; vary: string },
): string =>
  `${coordinate} is cached once for every ${missing}, but its load read context.${name}, which vary.${missing} reads; ` +
  `give the field @cached(vary: [${vary}]), or do not look at it`;

describe('a load that reads what vary reads', () => {
  it('is an error in test where its field does not vary by it, and stored where it does', async () => {
    const { cache, query } = setUp(({ locale }) => locale, { neutral: ['prisma'] });
    expect((await query('{ unvaried }')).messages).toEqual([
      sentence('Query.unvaried', 'locale', { missing: 'locale', vary: '"locale"' }),
    ]);
    expect((await query('{ byTenant }')).messages).toEqual([
      sentence('Query.byTenant', 'locale', { missing: 'locale', vary: '"tenant", "locale"' }),
    ]);
    expect(await query('{ byLocale byBoth }')).toEqual({
      data: { byLocale: 'de', byBoth: 'de' },
      messages: [],
    });
    expect(cache.stats.counters()['Query.byLocale']).toMatchObject({ stored: 1 });
  });

  it('is an error too where it reads what the getter of vary reads', async () => {
    const { query } = setUp(({ preferences }) => preferences.locale);
    expect((await query('{ unvaried }')).messages).toEqual([
      sentence('Query.unvaried', 'preferences', { missing: 'locale', vary: '"locale"' }),
    ]);
    expect((await query('{ byLocale }')).messages).toEqual([]);
  });

  it('is answered and not stored in production', async () => {
    const { cache, query } = setUp(({ tenant }) => tenant, { environment: 'production' });
    for (const field of ['unvaried', 'byLocale']) {
      for (const tenant of ['acme', 'bolt']) {
        expect(await query(`{ ${field} }`, new Context({ tenant }))).toEqual({
          data: { [field]: tenant },
          messages: [],
        });
      }
      expect(cache.stats.counters()[`Query.${field}`]).toMatchObject({ stored: 0, hits: 0 });
    }
    for (const tenant of ['acme', 'bolt', 'acme'])
      await query('{ byTenant byBoth }', new Context({ tenant }));
    expect(cache.stats.counters()['Query.byTenant']).toMatchObject({ stored: 2, hits: 1, viewerTouched: 0 });
  });

  it('is an error in origins as well, whose calls hold only ids of fields that vary by the same', async () => {
    const { query } = setUp(({ locale }) => locale);
    expect(await query('{ a: throughLocale(id: 1) { text } b: throughLocale(id: 2) { text } }')).toEqual({
      data: { a: { text: 'de' }, b: { text: 'de' } },
      messages: [],
    });
    const { data, messages } = await query('{ through(id: 3) { text } throughLocale(id: 4) { text } }');
    expect(data).toEqual({ through: null, throughLocale: { text: 'de' } });
    expect(messages).toEqual([sentence('Query.through', 'locale', { missing: 'locale', vary: '"locale"' })]);
  });

  it('joins no batch of a DataLoader that a field with other names has begun', async () => {
    const { cache, query } = setUp((context) => context.titles.load('1'), { environment: 'production' });
    expect((await query('{ byLocale unvaried }')).data).toEqual({ byLocale: '1 in de', unvaried: '1 in de' });
    expect((await query('{ unvaried }', new Context({ locale: 'fr' }))).data).toEqual({
      unvaried: '1 in fr',
    });
    expect(cache.stats.counters()['Query.unvaried']).toMatchObject({ stored: 0 });
    expect(cache.stats.counters()['Query.byLocale']).toMatchObject({ stored: 1 });
  });
});

describe('what viewer and vary both read', () => {
  it('is guarded as the viewer, unless it is just the value that the field varies by', async () => {
    const { read, cache } = shared(({ account }) => account);
    expect(await read('{ byTenant }')).toEqual([
      expect.stringMatching(/^Query.byTenant is cached for everybody .* its load read context.account;/),
    ]);
    const { read: allowed } = shared(({ tenant }) => tenant);
    expect(await allowed('{ byTenant }')).toEqual([]);
    expect(await allowed('{ unvaried }')).toEqual([
      expect.stringMatching(/^Query.unvaried is cached for everybody .* its load read context.tenant;/),
    ]);
    await cache.close();
  });

  function shared(of: Read) {
    const cache = createCache<Context>({
      store: memoryStore(),
      log: cacheLog(),
      environment: 'test',
      viewer: ({ account, tenant }) => `${tenant}/${account.id}`,
      vary: { tenant: ({ account, tenant }) => (account.tenant === tenant ? tenant : null) },
    });
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [
          cacheTypeDefs,
          'type Query { unvaried: String @cached(ttl: 60) byTenant: String @cached(ttl: 60, vary: ["tenant"]) }',
        ],
        resolvers: {
          Query: {
            unvaried: (_, __, context: Context) => String(of(context)),
            byTenant: (_, __, context: Context) => String(of(context)),
          },
        },
      }),
    );
    const read = async (source: string): Promise<string[]> => {
      const { errors = [] } = await graphql({ schema, source, contextValue: new Context() });
      return errors.map(({ message }) => message);
    };
    return { cache, read };
  }
});

describe('a guest whose variant is as absent as the viewer', () => {
  it('is a guest all the same: what is loaded for nobody is not stored', async () => {
    const cache = createCache<{ user?: string; locale?: string }>({
      store: memoryStore(),
      log: cacheLog(),
      environment: 'production',
      viewer: ({ user }) => user,
      vary: { locale: ({ locale }) => locale },
    });
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, 'type Query { hello: String @cached(ttl: 60, vary: ["locale"]) }'],
        resolvers: { Query: { hello: (_, __, { user }: { user?: string }) => `for ${user ?? 'a guest'}` } },
      }),
    );
    for (const contextValue of [{}, { user: 'ann' }, {}]) {
      const { data } = await graphql({ schema, source: '{ hello }', contextValue });
      expect(data?.['hello']).toBe(`for ${'user' in contextValue ? 'ann' : 'a guest'}`);
    }
    expect(cache.stats.counters()['Query.hello']).toMatchObject({ stored: 0 });
  });
});

describe('what vary reads', () => {
  it('cannot be neutral', async () => {
    const { query } = setUp(({ prisma }) => prisma, { neutral: ['prisma', 'locale'] });
    expect((await query('{ unvaried }')).messages).toEqual([
      'createCache: neutral names "locale", which vary.locale reads; remove it from neutral, ' +
        'and put what is the same for every reader into a property of its own',
    ]);
  });
});
