import fastify from 'fastify';
import mercurius from 'mercurius';
import { serverContract, type StartedServer } from '../contracts/server-contract.js';
import type { FilmContext, FilmWorld } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

async function start({ schema, cache }: FilmWorld): Promise<StartedServer> {
  const app = fastify();
  await app.register(mercurius, {
    schema,
    context: ({ headers }): FilmContext => {
      const id = headers['x-viewer'];
      return typeof id === 'string' ? { viewer: { id } } : {};
    },
    // The status of a partial answer is not what is tested here.
    errorFormatter: (execution) => ({ statusCode: 200, response: execution }),
  });
  await app.ready();
  const traces = new WeakMap<object, ReturnType<typeof cache.trace>>();
  app.graphql.addHook('preExecution', async (_schema, _document, context) => {
    traces.set(context, cache.trace(context));
  });
  app.graphql.addHook('onResolution', async (execution, context) => {
    execution.extensions = { ...execution.extensions, cache: traces.get(context)?.report() };
  });
  return {
    ask: async ({ source, viewer, variables }) => {
      const { payload } = await app.inject({
        method: 'POST',
        url: '/graphql',
        headers: viewer === undefined ? {} : { 'x-viewer': viewer },
        payload: { query: source, variables },
      });
      return serverAnswer(payload);
    },
    close: () => app.close(),
  };
}

serverContract('Mercurius', { start, requestProperties: ['reply'] });
