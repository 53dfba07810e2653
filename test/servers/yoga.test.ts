import { createYoga, type Plugin } from 'graphql-yoga';
import { serverContract, type StartedServer } from '../contracts/server-contract.js';
import type { FilmContext, FilmWorld } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

/** Evidence in GraphQL Yoga: the trace begins with the execution and is reported with its result. */
function evidence({ cache }: FilmWorld): Plugin<FilmContext> {
  return {
    onExecute: ({ args }) => {
      const trace = cache.trace(args.contextValue);
      return {
        onExecuteDone: ({ result, setResult }) => {
          if (Symbol.asyncIterator in result) return;
          setResult({ ...result, extensions: { ...result.extensions, cache: trace.report() } });
        },
      };
    },
  };
}

async function start(world: FilmWorld): Promise<StartedServer> {
  const yoga = createYoga<object, FilmContext>({
    schema: world.schema,
    logging: false,
    // The engine's sentences are for developers: a server in production masks them.
    maskedErrors: false,
    context: ({ request }) => {
      const id = request.headers.get('x-viewer');
      return id === null ? {} : { viewer: { id } };
    },
    plugins: [evidence(world)],
  });
  return {
    ask: async ({ source, viewer, variables }) => {
      const response = await yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(viewer === undefined ? {} : { 'x-viewer': viewer }),
        },
        body: JSON.stringify({ query: source, variables }),
      });
      return serverAnswer(await response.text());
    },
    close: async () => {
      await yoga.dispose();
    },
  };
}

serverContract('GraphQL Yoga', { start, requestProperties: ['request'] });
