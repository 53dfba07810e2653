import fastify from 'fastify';
import mercurius from 'mercurius';
import { describe, expect, it } from 'vitest';
import { cachePlugin } from '../../src/cache/mercurius/index.js';
import { serverContract, type StartServer } from '../contracts/server-contract.js';
import { measured } from '../support/worlds/measured.js';
import { filmWorld, type FilmContext, type FilmWorld } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

const WITH_EVIDENCE = { 'x-cache-debug': '1' };

/** Mercurius on the schema and with the plugin; `jit` is after how many runs of a document it is compiled, 0 for never. */
async function startMercurius({ schema, cache }: FilmWorld, jit: number) {
  const app = fastify();
  await app.register(mercurius, {
    schema,
    jit,
    context: ({ headers }): FilmContext => {
      const id = headers['x-viewer'];
      return typeof id === 'string' ? { viewer: { id } } : {};
    },
    // The status of a partial answer is not what is tested here.
    errorFormatter: (execution) => ({ statusCode: 200, response: execution }),
  });
  await app.register(cachePlugin<FilmContext>(cache));
  const send = async (query: string, headers: object, variables: object = {}): Promise<string> => {
    const sent = { ...headers };
    const { payload } = await app.inject({
      ...{ method: 'POST', url: '/graphql', headers: sent },
      payload: { query, variables },
    });
    return payload;
  };
  return { send, close: () => app.close() };
}

function starting(jit: number): StartServer {
  return async (world) => {
    const { send, close } = await startMercurius(world, jit);
    return {
      ask: async ({ source, viewer, variables }) => {
        const headers = { ...WITH_EVIDENCE, ...(viewer !== undefined && { 'x-viewer': viewer }) };
        return serverAnswer(await send(source, headers, variables));
      },
      close,
    };
  };
}

serverContract('Mercurius', { start: starting(0), requestProperties: ['reply'] });
serverContract('Mercurius with its JIT', { start: starting(1), requestProperties: ['reply'] });

describe.each([
  ['without its JIT', 0],
  ['with its JIT', 1],
])('Mercurius %s', (_name, jit) => {
  it('measures how long each operation takes', async () => {
    const world = filmWorld();
    const { send, close } = await startMercurius(world, jit);
    await send('{ film(id: 1) { title } }', {});
    await send('{ film(id: 1) { title } }', {});
    expect(measured(world.cache)).toBe(2);
    await close();
  });

  it('loads once for ten requests of one document, for each viewer what is the viewer’s', async () => {
    const world = filmWorld();
    const { send, close } = await startMercurius(world, jit);
    const document = '{ film(id: 1) { title director { name } similar } mine }';
    for (let times = 0; times < 10; times += 1) {
      const viewer = times % 2 === 0 ? 'ann' : 'ben';
      const { data, outcomes, loads } = serverAnswer(
        await send(document, { ...WITH_EVIDENCE, 'x-viewer': viewer }),
      );
      expect(data).toMatchObject({ film: { director: { name: 'person 1' } }, mine: `for ${viewer}` });
      if (times >= 2) {
        expect([...outcomes].sort()).toEqual([
          'Film.director HIT',
          'Film.similar HIT',
          'Query.film HIT',
          'Query.mine HIT',
        ]);
        expect(loads).toBe(0);
      }
    }
    await close();
    expect(world.loads().sort()).toEqual(['Film[1]', 'Person[1]', 'mine(ann)', 'mine(ben)', 'similar(1,2)']);
  });
});

describe('the plugin for Mercurius', () => {
  it('leaves the JIT on', async () => {
    const stacks: string[] = [];
    const world = filmWorld({
      authorize: () => {
        stacks.push(String(new Error('where am I?').stack));
        return true;
      },
    });
    const { send, close } = await startMercurius(world, 1);
    for (let times = 0; times < 3; times += 1) await send('{ titles }', WITH_EVIDENCE);
    expect(stacks.map((stack) => stack.includes('graphql-jit'))).toEqual([false, true, true]);
    await close();
  });

  it.each<[string, object, Parameters<typeof filmWorld>[0]]>([
    ['without the header', {}, {}],
    ['in production, whatever the header says', WITH_EVIDENCE, { environment: 'production' }],
  ])('adds nothing to an answer %s', async (_when, headers, options) => {
    const { send, close } = await startMercurius(filmWorld(options), 0);
    expect(JSON.parse(await send('{ film(id: 1) { title } }', headers))).toEqual({
      data: { film: { title: 'film 1' } },
    });
    await close();
  });

  it('says of a bounded write that it is, without the header too', async () => {
    const world = filmWorld({ environment: 'production' });
    const { send, close } = await startMercurius(world, 0);
    world.loseInvalidations(true);
    const sent: unknown = JSON.parse(await send('mutation { rename(id: 1, title: "b") { __typename } }', {}));
    expect(sent).toMatchObject({ extensions: { cache: { consistency: 'bounded', because: 'store' } } });
    await close();
  });

  it('is refused in a sentence where Mercurius is not registered before it', async () => {
    const app = fastify();
    await expect(app.register(cachePlugin(filmWorld().cache))).rejects.toThrow(
      'cachePlugin: Mercurius is not there; register mercurius before this plugin',
    );
  });
});
