import { envelop, useEngine, useSchema } from '@envelop/core';
import { execute, parse, subscribe, validate, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { describe, expect, it } from 'vitest';
import { cachePlugin, type EnvelopPluginOptions } from '../../src/cache/yoga/index.js';
import { serverContract, type StartedServer } from '../contracts/server-contract.js';
import { measured } from '../support/worlds/measured.js';
import { filmWorld, type FilmContext, type FilmWorld } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

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
    plugins: [cachePlugin(world.cache)],
  });
  return {
    ask: async ({ source, viewer, variables }) => {
      const response = await yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-cache-debug': '1',
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

describe('the plugin for Envelop', () => {
  /** Envelop without Yoga, on the schema and with the plugin. */
  function enveloped({ schema, cache }: FilmWorld, options?: EnvelopPluginOptions<FilmContext>) {
    const getEnveloped = envelop({
      plugins: [
        useEngine({ parse, validate, execute, subscribe }),
        useSchema(schema),
        cachePlugin(cache, options),
      ],
    });
    return async (source: string, given: object = {}): Promise<ExecutionResult> => {
      const { parse: parsing, contextFactory, execute: run, schema: served } = getEnveloped(given);
      const contextValue: unknown = await contextFactory();
      const result: unknown = await run({
        schema: served as GraphQLSchema,
        document: parsing(source),
        contextValue,
      });
      return JSON.parse(JSON.stringify(result)) as ExecutionResult;
    };
  }
  const source = '{ film(id: 1) { title } }';
  const data = { film: { title: 'film 1' } };

  it.each<[string, object]>([
    ['of Node.js', { req: { headers: { 'x-cache-debug': '1' } } }],
    ['of Fetch', { request: new Request('http://localhost', { headers: { 'x-cache-debug': '1' } }) }],
  ])('adds evidence to an answer whose request, one %s, asks for it', async (_kind, context) => {
    const answer = await enveloped(filmWorld())(source, context);
    expect(answer).toMatchObject({ data, extensions: { cache: { fields: [{ outcome: 'MISS' }] } } });
  });

  it('measures how long each operation takes', async () => {
    const world = filmWorld();
    const ask = enveloped(world);
    await ask(source);
    await ask(source);
    expect(measured(world.cache)).toBe(2);
  });

  it('adds nothing to other answers, and none in production', async () => {
    expect(await enveloped(filmWorld())(source)).toEqual({ data });
    const asking = { req: { headers: { 'x-cache-debug': '1' } } };
    expect(await enveloped(filmWorld({ environment: 'production' }))(source, asking)).toEqual({ data });
  });

  it('asks the context whether there is evidence, where it is told how', async () => {
    const ask = enveloped(filmWorld({ environment: 'production' }), {
      evidence: ({ viewer }) => viewer?.id === 'admin',
    });
    expect(await ask(source, { viewer: { id: 'ann' } })).toEqual({ data });
    expect(await ask(source, { viewer: { id: 'admin' } })).toMatchObject({ extensions: { cache: {} } });
  });

  it('takes a promise for no yes', async () => {
    // As JavaScript may hand it over.
    const untyped: object = { evidence: () => Promise.resolve(true) };
    const evidence: () => boolean = Reflect.get(untyped, 'evidence');
    expect(await enveloped(filmWorld({ environment: 'production' }), { evidence })(source)).toEqual({ data });
  });

  it('says of a bounded write that it is, without the header and in production too', async () => {
    const world = filmWorld({ environment: 'production' });
    world.loseInvalidations(true);
    const { extensions } = await enveloped(world)('mutation { rename(id: 1, title: "b") { __typename } }');
    expect(extensions).toEqual({ cache: { consistency: 'bounded', because: 'store' } });
  });

  it('refuses an option that does not exist', () => {
    expect(() => cachePlugin(filmWorld().cache, JSON.parse('{ "evidnce": true }') as object)).toThrow(
      'cachePlugin: there is no option "evidnce" (did you mean "evidence"?)',
    );
  });
});
