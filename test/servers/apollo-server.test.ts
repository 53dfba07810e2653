import { ApolloServer, HeaderMap } from '@apollo/server';
import { describe, expect, it } from 'vitest';
import { serverContract, type StartedServer } from '../contracts/server-contract.js';
import { filmWorld, type FilmContext, type FilmWorld } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

type Headers = Readonly<Record<string, string>>;

/** Apollo Server 5 on the schema and with the plugin; the answer as it would be sent. */
async function startApollo({ schema, cache }: FilmWorld) {
  const server = new ApolloServer<FilmContext>({ schema, plugins: [cache.apolloPlugin()] });
  await server.start();
  const send = async (
    query: string,
    { viewer, variables, headers }: { viewer?: string | undefined; variables?: object; headers: Headers },
  ): Promise<string> => {
    const http = { method: 'POST', headers: new HeaderMap(Object.entries(headers)), search: '', body: {} };
    const contextValue: FilmContext = viewer === undefined ? {} : { viewer: { id: viewer } };
    const { body } = await server.executeOperation(
      { query, variables: { ...variables }, http },
      { contextValue },
    );
    if (body.kind !== 'single') throw new Error('nothing was deferred, but the answer is incremental');
    return JSON.stringify(body.singleResult);
  };
  return { send, stop: () => server.stop() };
}

const WITH_EVIDENCE: Headers = { 'x-cache-debug': '1' };

async function start(world: FilmWorld): Promise<StartedServer> {
  const { send, stop } = await startApollo(world);
  return {
    ask: async ({ source, viewer, variables = {} }) =>
      serverAnswer(await send(source, { viewer, variables, headers: WITH_EVIDENCE })),
    close: stop,
  };
}

serverContract('Apollo Server 5', { start, requestProperties: [] });

describe('the Apollo plugin', () => {
  async function sentWith(headers: Headers, world = filmWorld()): Promise<string> {
    const { send, stop } = await startApollo(world);
    const sent = await send('{ film(id: 1) { title } }', { headers });
    await stop();
    return sent;
  }

  it.each<[string, Headers]>([
    ['no header', {}],
    ['x-cache-debug: 0', { 'x-cache-debug': '0' }],
    ['x-cache-debug: true', { 'x-cache-debug': 'true' }],
  ])('adds nothing to an answer whose request has %s', async (_what, headers) => {
    expect(JSON.parse(await sentWith(headers))).toEqual({ data: { film: { title: 'film 1' } } });
  });

  it('adds extensions.cache to an answer whose request has x-cache-debug: 1', async () => {
    expect(JSON.parse(await sentWith(WITH_EVIDENCE))).toEqual({
      data: { film: { title: 'film 1' } },
      extensions: {
        cache: {
          summary: { hits: 0, misses: 1, loads: 1, storeRoundTrips: 0, savedMs: 0 },
          fields: [
            {
              path: ['film'],
              coordinate: 'Query.film',
              pattern: 'READ_THROUGH',
              key: 'Film:1',
              outcome: 'MISS',
              tier: 'origin',
              ageMs: 0,
              loadMs: 0,
            },
          ],
        },
      },
    });
  });

  it('adds nothing in production, whatever the header says', async () => {
    const sent = await sentWith(WITH_EVIDENCE, filmWorld({ environment: 'production' }));
    expect(JSON.parse(sent)).toEqual({ data: { film: { title: 'film 1' } } });
  });

  it('caches for requests without evidence as for those with it', async () => {
    const world = filmWorld();
    const { send, stop } = await startApollo(world);
    await send('{ film(id: 1) { title } }', { headers: {} });
    const { outcomes } = serverAnswer(await send('{ film(id: 1) { title } }', { headers: WITH_EVIDENCE }));
    await stop();
    expect(outcomes).toEqual(['Query.film HIT']);
    expect(world.loads()).toEqual(['Film[1]']);
  });
});
