import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import mercurius, { type MercuriusOptions } from 'mercurius';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cachePlugin } from '../../src/cache/mercurius/index.js';
import { httpWorld, type HttpContext } from '../support/worlds/http-world.js';

const viewerOf = ({ headers }: FastifyRequest): HttpContext => ({
  viewer: { id: String(headers['x-viewer']) },
});

/** Mercurius beside routes of others, which have operations executed for pages of their own. */
async function served(options: Partial<MercuriusOptions> = {}) {
  const { schema, cache } = httpWorld({ http: { maxAge: 'all' } });
  const app = fastify();
  await app.register(mercurius, { schema, context: viewerOf, ...options });
  await app.register(cachePlugin<HttpContext>(cache));
  app.get('/page', async (request, reply) => {
    const mine = await reply.graphql('{ mine }', viewerOf(request));
    return { mine, aside: await reply.graphql('{ aside }') };
  });
  app.get('/greeting', async (request, reply) => {
    const aside = await reply.graphql('{ aside }');
    return { greeting: `hello ${String(request.headers['x-viewer'])}`, aside };
  });
  app.get('/choice', (request, reply) =>
    reply.graphql(request.headers['x-viewer'] === 'ann' ? '{ aside }' : '{ warm }'),
  );
  await cache.start();
  onTestFinished(async () => {
    await app.close();
    await cache.close();
  });
  const ask = async (url: string, viewer: string, headers: Record<string, string> = {}) => {
    const { statusCode, body, ...answer } = await app.inject({
      url,
      headers: { 'x-viewer': viewer, ...headers },
    });
    return {
      status: statusCode,
      body,
      control: answer.headers['cache-control'],
      etag: answer.headers.etag,
      vary: answer.headers.vary,
    };
  };
  return { ask, app };
}

const ASIDE = '/graphql?query={aside}';
const UNTOLD = { control: undefined, etag: undefined, vary: undefined };
const NOWHERE = { status: 200, control: 'no-store', etag: undefined };

describe('reply.graphql() of Mercurius in a route of others', () => {
  it.each(['/page', '/greeting', '/choice'])('leaves the headers of the route alone: %s', async (url) => {
    const { ask } = await served();
    await ask(ASIDE, 'ann');
    const { etag } = await ask(ASIDE, 'ann');
    expect(etag).toMatch(/^W\//);
    for (const viewer of ['ann', 'ben', 'ann']) {
      const answer = await ask(url, viewer, { 'if-none-match': `${String(etag)}, *` });
      expect(answer).toMatchObject({ status: 200, ...UNTOLD });
      if (url !== '/choice') expect(answer.body).toContain(viewer);
    }
  });

  it('leaves what that route says of its own page', async () => {
    const { ask, app } = await served();
    app.get('/own', async (_request, reply: FastifyReply) => {
      reply.header('cache-control', 'private, max-age=5').header('etag', '"own"').code(203);
      return { aside: await reply.graphql('{ aside }') };
    });
    expect(await ask('/own', 'ann')).toMatchObject({
      status: 203,
      control: 'private, max-age=5',
      etag: '"own"',
    });
  });
});

it.each([
  ['that the request of its route has too', (): HttpContext => ({})],
  ['that is made of nothing', (): HttpContext => Object.create(null) as HttpContext],
])('a page is not taken for an answer of Mercurius by a context %s', async (_what, contextOf) => {
  const own = Symbol('own');
  const { ask, app } = await served();
  app.decorateRequest(own, null);
  app.get('/mine', async (request, reply) => {
    const context = contextOf();
    if (Object.getPrototypeOf(context) !== null) Reflect.set(request, own, context);
    return { hello: request.headers['x-viewer'], aside: await reply.graphql('{ aside }', context) };
  });
  await ask('/mine', 'ann');
  expect(await ask('/mine', 'ann')).toMatchObject({ status: 200, ...UNTOLD });
});

describe('a route of Mercurius itself', () => {
  it('says what its answer says, under another path too', async () => {
    const { ask } = await served({ path: '/other', prefix: '/api' });
    const url = '/api/other?query={aside}';
    await ask(url, 'ann');
    const { etag, control } = await ask(url, 'ann');
    expect(control).toBe('public, max-age=59, must-revalidate');
    expect(await ask(url, 'ben', { 'if-none-match': String(etag) })).toMatchObject({ status: 304, body: '' });
  });

  it('says no-store where a hook adds another answer to the first', async () => {
    const preSerialization = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
      const { data } = await reply.graphql('{ mine }', viewerOf(request));
      return { ...Object(payload), extensions: { mine: data } };
    };
    const { ask } = await served({ additionalRouteOptions: { preSerialization } });
    for (const viewer of ['ann', 'ben']) {
      const answer = await ask(ASIDE, viewer, { 'if-none-match': '*' });
      expect(answer).toMatchObject(NOWHERE);
      expect(answer.body).toContain(`of ${viewer}`);
    }
  });

  it('says no-store where another operation was executed before it', async () => {
    const before = await served({
      context: async (request, reply) => {
        await reply.graphql('{ aside }');
        return viewerOf(request);
      },
    });
    expect(await before.ask(ASIDE, 'ann', { 'if-none-match': '*' })).toMatchObject(NOWHERE);
  });

  it('says no-store of several operations in one request', async () => {
    const { app } = await served({ allowBatchedQueries: true });
    const { headers } = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: [{ query: '{ aside }' }, { query: '{ warm }' }],
    });
    expect([headers['cache-control'], headers.etag]).toEqual(['no-store', undefined]);
  });
});
