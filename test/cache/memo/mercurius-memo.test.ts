import { makeExecutableSchema } from '@graphql-tools/schema';
import fastify, { type FastifyInstance } from 'fastify';
import { GraphQLError, GraphQLSchema } from 'graphql';
import mercurius, { type MercuriusOptions } from 'mercurius';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, type CacheOptions } from '../../../src/cache/index.js';
import { cachePlugin } from '../../../src/cache/mercurius/index.js';
import { memoCache, type Reader } from './memo-cache.js';

const typeDefs = `
  type Query {
    film(id: ID = 1): Film @cached(ttl: 60, key: "Film:{args.id}")
    mine: String @cached(ttl: 60, scope: PRIVATE)
    price: String @cached(ttl: 60, vary: ["tenant"])
    failing: String @cached(ttl: 60)
    plain: String
    both: [String]
  }
  type Film { id: ID! title: String }
  type Mutation { rename(title: String): Boolean @invalidates(tags: ["Film:1"]) }
`;

const FILM = '{ film { title } }';
const STALKER = '{"data":{"film":{"title":"Stalker"}}}';
const FIVE = [1, 2, 3, 4, 5];

interface WorldOptions extends Partial<CacheOptions<Reader>> {
  readonly mercurius?: MercuriusOptions;
  readonly before?: (app: FastifyInstance) => void;
  readonly between?: (app: FastifyInstance) => void;
  readonly after?: (app: FastifyInstance) => void;
}

/** Mercurius over a cache that keeps whole answers. */
async function world({ mercurius: more, before, between, after, ...options }: WorldOptions = {}) {
  let title = 'Stalker';
  let contexts = 0;
  const cache = memoCache<Reader>(options);
  const logged: string[] = [];
  const stream = { write: (line: string) => void logged.push(line) };
  const app = fastify({ logger: { level: 'warn', stream } });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          film: async (_: unknown, { id }: { id: string }) => ({
            id,
            title: id === '1' ? title : `film ${id}`,
          }),
          mine: (_: unknown, __: unknown, { viewer }: Reader) => `of ${viewer?.id}`,
          price: (_: unknown, __: unknown, { tenant }: Reader) => `for ${tenant}`,
          failing: () => {
            throw new GraphQLError('no');
          },
          plain: (_: unknown, __: unknown, { viewer }: Reader) =>
            viewer === undefined ? title : `mail of ${viewer.id}`,
          both: async (_: unknown, __: unknown, context: object) => {
            const answers = await Promise.all([
              app.graphql('{ plain }', { ...context }, {}),
              app.graphql('{ plain }', context, {}),
              app.graphql(FILM, context, {}),
            ]);
            return answers.map((answer) => JSON.stringify(answer));
          },
        },
        Mutation: { rename: (_: unknown, given: { title: string }) => Boolean((title = given.title)) },
      },
    }),
  );
  before?.(app);
  await app.register(mercurius, {
    schema,
    context: ({ headers }): Reader => {
      contexts += 1;
      const [id, tenant] = [headers['x-viewer'], headers['x-tenant']];
      if (id === 'nobody') throw new GraphQLError('who are you?');
      return {
        ...(typeof id === 'string' ? { viewer: { id } } : {}),
        ...(typeof tenant === 'string' ? { tenant } : {}),
      };
    },
    ...more,
  });
  between?.(app);
  await app.register(cachePlugin<Reader>(cache));
  after?.(app);
  await cache.start();
  onTestFinished(async () => {
    await app.close();
    await cache.close();
  });
  const send = async (payload: object, headers: Readonly<Record<string, string>> = {}) =>
    app.inject({ method: 'POST', url: '/graphql', headers: { ...headers }, payload });
  const ask = async (query: string, headers?: Readonly<Record<string, string>>): Promise<string> =>
    (await send({ query }, headers)).payload;
  const many = async (query: string, headers?: Readonly<Record<string, string>>): Promise<string[]> => {
    const texts: string[] = [];
    for (let time = 0; time < 5; time += 1) texts.push(await ask(query, headers));
    return texts;
  };
  const hits = (): number => cache.stats.memo().hits;
  return { app, cache, send, ask, many, hits, contexts: () => contexts, logged };
}

describe.each([0, 1])('Mercurius over a cache that keeps whole answers, compiling after %s runs', (jit) => {
  it('gives the same text again without executing, by POST and by GET, with its context made each time', async () => {
    const { app, many, hits, contexts } = await world({ mercurius: { jit } });
    expect(await many(FILM)).toEqual(FIVE.map(() => STALKER));
    expect(hits()).toBe(3);
    const { payload, headers } = await app.inject({ url: '/graphql', query: { query: FILM } });
    expect([payload, headers['content-type']]).toEqual([STALKER, 'application/json; charset=utf-8']);
    expect([hits(), contexts()]).toEqual([4, 6]);
  });

  it('gives nothing from before a write', async () => {
    const { ask, many, hits } = await world({ mercurius: { jit } });
    await many(FILM);
    await ask('mutation { rename(title: "Solaris") }');
    expect(await ask(FILM)).toBe('{"data":{"film":{"title":"Solaris"}}}');
    expect(hits()).toBe(3);
    await many(FILM);
    expect(hits()).toBe(8);
  });

  it('keeps an answer for each variant and for each value of a variable, and none of a PRIVATE field', async () => {
    const { cache, many, send } = await world({ mercurius: { jit } });
    for (const tenant of ['acme', 'other']) {
      const price = `{"data":{"price":"for ${tenant}"}}`;
      expect(await many('{ price }', { 'x-tenant': tenant })).toEqual(FIVE.map(() => price));
    }
    // A text is known once it came twice.
    expect(cache.stats.memo()).toMatchObject({ kept: 2, hits: 6 });
    for (const viewer of ['1', '2']) {
      const mine = `{"data":{"mine":"of ${viewer}"}}`;
      expect(await many('{ mine }', { 'x-viewer': viewer })).toEqual(FIVE.map(() => mine));
    }
    expect(cache.stats.memo()).toMatchObject({ kept: 2, hits: 6 });
    const query = 'query ($id: ID) { film(id: $id) { title } }';
    for (const id of ['2', '3', '2', '3', '2', '3', '2', '3']) {
      expect((await send({ query, variables: { id } })).payload).toBe(
        `{"data":{"film":{"title":"film ${id}"}}}`,
      );
    }
    expect(cache.stats.memo()).toMatchObject({ kept: 4, hits: 10 });
  });

  it('tells operations of one document apart by their names', async () => {
    const { send, hits } = await world({ mercurius: { jit: 0 } });
    const query = 'query a { film { title } } query b { film { id } }';
    for (let time = 0; time < 5; time += 1) {
      const [a, b] = [await send({ query, operationName: 'a' }), await send({ query, operationName: 'b' })];
      expect([a.payload, b.payload]).toEqual([STALKER, '{"data":{"film":{"id":"1"}}}']);
    }
    expect(hits()).toBe(6);
    expect((await send({ query })).payload).toContain('errors');
  });

  it('executes what is not all cached, fails, or asks for evidence', async () => {
    const { many, ask, hits, send } = await world({ mercurius: { jit } });
    await many('{ plain }');
    await many('{ film { title } plain }');
    for (const text of await many('{ film { title } failing }')) expect(text).toContain('"message":"no"');
    expect(hits()).toBe(0);
    await many(FILM);
    expect(await ask(FILM, { 'x-cache-debug': '1' })).toContain('"outcome":"HIT"');
    expect(await ask(FILM)).toBe(STALKER);
    const wrong = { query: 'query ($id: ID) { film(id: $id) { title } }', variables: { id: {} } };
    for (let time = 0; time < 5; time += 1) expect((await send(wrong)).payload).toContain('errors');
    expect(hits()).toBe(4);
  });
});

describe('in front of Mercurius', () => {
  it('every hook of Fastify and the context have the first word', async () => {
    const { ask, many, hits } = await world({
      before: (app) => {
        app.addHook('onRequest', async ({ headers }, reply) => {
          if (headers['x-viewer'] === 'banned') return reply.code(403).send('no');
          return undefined;
        });
      },
      after: (app) => {
        app.addHook('preHandler', async ({ headers }, reply) => {
          if (headers['x-viewer'] === 'late') return reply.code(401).send('not you');
          return undefined;
        });
      },
    });
    await many(FILM);
    expect(await ask(FILM, { 'x-viewer': 'banned' })).toBe('no');
    expect(await ask(FILM, { 'x-viewer': 'late' })).toBe('not you');
    expect(await ask(FILM, { 'x-viewer': 'nobody' })).toContain('who are you?');
    expect(await ask(FILM, { 'x-viewer': 'ann' })).toBe(STALKER);
    expect(hits()).toBe(4);
  });

  it('requests of other sites are refused where Mercurius refuses them', async () => {
    const { app, many, hits } = await world({ mercurius: { csrfPrevention: true } });
    await many(FILM);
    const { statusCode } = await app.inject({
      ...{ method: 'POST', url: '/graphql', payload: JSON.stringify({ query: FILM }) },
      headers: { 'content-type': 'text/plain' },
    });
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(hits()).toBe(3);
  });

  it.each(['preParsing', 'preValidation', 'preExecution', 'onResolution'] as const)(
    'nothing is answered as long as there is a hook %s of others, which is said once',
    async (name) => {
      let seen = 0;
      const { many, hits, logged } = await world({
        after: ({ graphql }) => graphql.addHook(name as 'preExecution', async () => void (seen += 1)),
      });
      expect(await many(FILM)).toEqual(FIVE.map(() => STALKER));
      expect(hits()).toBe(0);
      expect(seen).toBeGreaterThan(0);
      expect(logged.filter((line) => line.includes('hooks of others'))).toHaveLength(1);
    },
  );

  it('a hook that is added later is heard', async () => {
    const { app, ask, many, hits } = await world();
    await many(FILM);
    app.graphql.addHook('preExecution', async () => {
      throw new GraphQLError('closed');
    });
    expect(await ask(FILM)).toContain('closed');
    expect(hits()).toBe(3);
  });

  it('what other routes make of an operation is executed for them, and theirs to change', async () => {
    const { app, many, hits } = await world({
      after: (app) => {
        app.get('/page', async (_, reply) => {
          const answer = await reply.graphql<{ film: { title: string } }>(FILM, {}, {});
          if (answer.data != null) answer.data.film.title += '!';
          return answer;
        });
      },
    });
    await many(FILM);
    for (let time = 0; time < 5; time += 1) {
      const { payload } = await app.inject({ url: '/page' });
      expect(JSON.parse(payload)).toMatchObject({ data: { film: { title: 'Stalker!' } } });
    }
    expect(hits()).toBe(3);
    expect(await many(FILM)).toEqual(FIVE.map(() => STALKER));
  });

  it('what a hook of Fastify changes in one answer is in no other', async () => {
    const { many, hits } = await world({
      after: (app) => {
        app.addHook('preSerialization', async (_, __, payload) => {
          const { data } = payload as { data?: { film?: { title: string } } };
          if (data?.film !== undefined) data.film.title += '?';
          return payload;
        });
      },
    });
    expect(await many(FILM)).toEqual(FIVE.map(() => '{"data":{"film":{"title":"Stalker?"}}}'));
    expect(hits()).toBe(3);
  });

  it('several operations in one request are executed', async () => {
    const { app, many, hits } = await world({ mercurius: { allowBatchedQueries: true } });
    await many(FILM);
    for (let time = 0; time < 5; time += 1) {
      const payload = [{ query: FILM }, { query: FILM }];
      expect((await app.inject({ method: 'POST', url: '/graphql', payload })).payload).toBe(
        `[${STALKER},${STALKER}]`,
      );
    }
    expect(hits()).toBe(3);
  });

  it('a text is validated each time where Mercurius keeps no documents', async () => {
    let validations = 0;
    const validationRules = () => {
      validations += 1;
      return [];
    };
    const { many, hits } = await world({ mercurius: { cache: false, validationRules } });
    await many(FILM);
    expect([validations, hits()]).toEqual([5, 0]);
  });

  it('another schema is asked anew', async () => {
    const { app, many, hits } = await world();
    await many(FILM);
    app.graphql.replaceSchema(new GraphQLSchema(app.graphql.schema.toConfig()));
    expect(await many(FILM)).toEqual(FIVE.map(() => STALKER));
    expect(hits()).toBe(6);
  });

  it('Mercurius has the functions that it had', async () => {
    const { app, many } = await world();
    await many(FILM);
    expect(app.graphql.schema.getQueryType()?.name).toBe('Query');
    expect(await app.graphql(FILM)).toMatchObject({ data: { film: { title: 'Stalker' } } });
  });

  it('operations that are executed at the same time with one context are not taken for one another', async () => {
    const shared = {};
    const { send, hits, cache } = await world({ mercurius: { context: () => shared, jit: 0 } });
    const queries = ['{ film { id } }', '{ film { title } }', '{ film { id title } }'];
    const answers = [
      '{"data":{"film":{"id":"1"}}}',
      STALKER,
      '{"data":{"film":{"id":"1","title":"Stalker"}}}',
    ];
    for (let time = 0; time < 5; time += 1) {
      await cache.invalidate(['Film:1']);
      const sent = await Promise.all(queries.map((query) => send({ query })));
      expect(sent.map(({ payload }) => payload)).toEqual(answers);
    }
    for (let time = 0; time < 5; time += 1) {
      for (const [index, query] of queries.entries()) {
        expect((await send({ query })).payload).toBe(answers[index]);
      }
    }
    expect(hits()).toBeGreaterThan(0);
  });
});

describe('operations that have one context at the same time', () => {
  it('are not taken for one another where a resolver executes several: what one viewer has is not given to another', async () => {
    const { ask, hits } = await world();
    await ask(FILM, { 'x-viewer': 'bob' });
    expect(await ask('{ both }', { 'x-viewer': 'ann' })).toContain('mail of ann');
    expect(await ask(FILM, { 'x-viewer': 'bob' })).toBe(STALKER);
    expect(await ask(FILM, { 'x-viewer': 'bob' })).toBe(STALKER);
    expect(hits()).toBe(1);
  });

  it('are not taken for one another where all requests have one, of which none is kept while others run', async () => {
    const shared: Reader = {};
    const { ask, many, hits } = await world({ mercurius: { context: () => shared } });
    await ask(FILM);
    await Promise.all([ask('{ plain }'), ask(FILM)]);
    expect(await ask(FILM)).toBe(STALKER);
    await many(FILM);
    expect(hits()).toBe(5);
  });

  it('are not taken for one another where another route executes one with it later', async () => {
    const anonymous: Reader = {};
    const page = '{ film(id: 2) { title } }';
    const { app, ask, many } = await world({
      mercurius: {
        context: ({ headers: { 'x-viewer': id } }): Reader =>
          typeof id === 'string' ? { viewer: { id } } : anonymous,
      },
      after: (served) => void served.get('/page', (_, reply) => reply.graphql(page, anonymous)),
    });
    await many(page, { 'x-viewer': 'ann' });
    await ask(FILM);
    await app.inject({ url: '/page' });
    expect(await ask(FILM, { 'x-viewer': 'ann' })).toBe(STALKER);
  });
});

it('answers nothing, and says so, where app.graphql was replaced before its plugin', async () => {
  let isClosed = false;
  const { ask, many, hits, logged } = await world({
    between: (app) => {
      const graphql = new Proxy(app.graphql, {
        apply: (target, self, args): unknown => {
          if (isClosed) throw new GraphQLError('closed');
          return Reflect.apply(target, self, args);
        },
      });
      Reflect.set(app, 'graphql', graphql);
    },
  });
  await many(FILM);
  isClosed = true;
  expect(await ask(FILM)).toContain('closed');
  expect(hits()).toBe(0);
  expect(logged.join('')).toContain('register the plugin before that');
});

it('answers nothing any more once resolvers were put in place of those that it has seen', async () => {
  const { app, ask, many } = await world();
  await many(FILM);
  app.graphql.defineResolvers({
    Query: {
      film: () => {
        throw new GraphQLError('closed');
      },
    },
  });
  expect(await ask(FILM)).toContain('closed');
});
