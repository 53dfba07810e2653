import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';

interface Context {
  viewer?: string;
  prisma: string;
  ability: string;
  token?: string;
}

function setUp(
  read: (context: Context) => unknown,
  options: { neutral?: PropertyKey[]; environment?: 'test' | 'development' | 'production' } = {},
) {
  const { neutral, environment = 'test' } = options;
  const log = cacheLog();
  const cache = createCache<Context>({
    store: memoryStore(),
    log,
    environment,
    viewer: ({ viewer }) => viewer,
    ...(neutral === undefined ? {} : { neutral }),
  });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [
        cacheTypeDefs,
        'type Query { film: String @cached(ttl: 60) mine: String @cached(ttl: 60, scope: PRIVATE) plain: String }',
      ],
      resolvers: {
        Query: {
          film: (_, __, context: Context) => read(context),
          mine: (_, __, context: Context) => read(context),
          plain: (_, __, context: Context) => read(context),
        },
      },
    }),
  );
  const raw = async (source: string, contextValue: object): Promise<string[]> => {
    const { errors = [] } = await graphql({ schema, source, contextValue });
    return errors.map(({ message }) => message);
  };
  const query = (source: string, given: object = {}): Promise<string[]> =>
    raw(source, { viewer: 'ann', prisma: 'prisma', ability: 'all', ...given });
  return { cache, log, query, raw };
}

const undeclared =
  'Query.film is cached for everybody (scope: PUBLIC), but its load read context.ability, of which nothing is declared; ' +
  'if it is the same for every reader, declare createCache({ neutral: ["ability"] }); if answers differ by it, ' +
  'declare createCache({ vary: { ability: (context) => … } }) and give the field @cached(vary: ["ability"]), or scope: PRIVATE';

describe('where neutral is given, a PUBLIC load', () => {
  it.each(['test', 'development'] as const)('may read nothing else in %s', async (environment) => {
    const { query } = setUp(({ ability }) => ability, { neutral: ['prisma'], environment });
    expect(await query('{ film }')).toEqual([undeclared]);
  });

  it('may read what is neutral', async () => {
    const { query, log } = setUp(({ prisma }) => prisma, { neutral: ['prisma'] });
    expect(await query('{ film }')).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  it('may not read the viewer, though it is the only name left', async () => {
    const { query } = setUp(({ viewer }) => viewer, { neutral: ['prisma'] });
    expect(await query('{ film }')).toEqual([
      'Query.film is cached for everybody (scope: PUBLIC), but its load read context.viewer; ' +
        'give the field scope: PRIVATE, or do not look at the viewer',
    ]);
  });

  it('may read a usual name of the viewer that is declared to be something else', async () => {
    const { cache, query } = setUp(({ token }) => token, {
      neutral: ['token'],
      environment: 'production',
    });
    expect(await query('{ film }', { token: 'of the service' })).toEqual([]);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ stored: 1 });
  });

  it('cannot have what viewer reads declared neutral', async () => {
    const { query } = setUp(({ prisma }) => prisma, { neutral: ['prisma', 'viewer'] });
    expect(await query('{ film }')).toEqual([
      'createCache: neutral names "viewer", which viewer(context) reads; remove it from neutral, ' +
        'and put what is the same for every reader into a property of its own',
    ]);
    const { cache, query: inProduction } = setUp(({ viewer }) => viewer, {
      neutral: ['viewer'],
      environment: 'production',
    });
    expect(await inProduction('{ film }')).toEqual([]);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ stored: 0 });
  });

  it('is not told in production, where only what bears the viewer is watched', async () => {
    const { cache, log, query } = setUp(({ ability }) => ability, {
      neutral: ['prisma'],
      environment: 'production',
    });
    expect(await query('{ film }')).toEqual([]);
    expect(log.lines).toEqual([]);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ stored: 1 });
  });

  it('is alone in this: other fields read what they like', async () => {
    const { query } = setUp(({ ability, viewer }) => `${ability}${viewer}`, { neutral: [] });
    expect(await query('{ mine plain }')).toEqual([]);
  });

  it('may read what a neutral getter reads on its way, but for the viewer', async () => {
    const given = {
      memo: 'made before',
      get loaders() {
        return this.memo;
      },
      viewer: 'ann',
      get mine() {
        return this.viewer;
      },
    };
    const read = (name: string) => (context: Context) => Reflect.get(context, name) as unknown;
    const bare = Object.defineProperties({}, Object.getOwnPropertyDescriptors(given));
    expect(await setUp(read('loaders'), { neutral: ['loaders'] }).raw('{ film }', bare)).toEqual([]);
    expect(await setUp(read('mine'), { neutral: ['mine'] }).raw('{ film }', bare)).toEqual([
      expect.stringContaining('(scope: PUBLIC), but its load read context.mine; '),
    ]);
  });

  it('may not read symbols either, which can be declared', async () => {
    const key = Symbol('ability');
    const read = (context: Context): unknown => Reflect.get(context, key);
    const given = { [key]: 'all' };
    const strict = setUp(read, { neutral: [] });
    expect(await strict.query('{ film }', given)).toEqual([
      expect.stringContaining('its load read context[Symbol(ability)], of which nothing is declared'),
    ]);
    const declared = setUp(read, { neutral: [key] });
    expect(await declared.query('{ film }', given)).toEqual([]);
  });
});

describe('where neutral is not given, a PUBLIC load', () => {
  it('that reads something is told once a name, and stored', async () => {
    const { cache, log, query } = setUp(({ ability, prisma }) => ability + prisma);
    expect(await query('{ film }')).toEqual([]);
    expect(log.lines).toEqual([
      `warn ${undeclared} {"coordinate":"Query.film"}`,
      expect.stringContaining('context.prisma, of which nothing is declared'),
    ]);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ stored: 1 });
  });
});

describe('neutral', () => {
  it('must be a list of names', () => {
    expect(() =>
      createCache<object>({ store: memoryStore(), neutral: 'prisma' as unknown as string[] }),
    ).toThrow('neutral must be a list of names of the context such as "prisma", but got "prisma"');
  });
});
