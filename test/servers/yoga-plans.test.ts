import { createYoga, useErrorCoordinate, type Plugin } from 'graphql-yoga';
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { plansPlugin } from '../../src/cache/execution/index.js';
import { cachePlugin } from '../../src/cache/yoga/index.js';
import { serverContract } from '../contracts/server-contract.js';
import type { FilmContext } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

const headers = { 'content-type': 'application/json', 'x-cache-debug': '1' };

serverContract('GraphQL Yoga, by plans', {
  start: ({ schema, cache }) => {
    const yoga = createYoga<object, FilmContext>({
      schema,
      logging: false,
      maskedErrors: false,
      context: ({ request }) => {
        const id = request.headers.get('x-viewer');
        return id === null ? {} : { viewer: { id } };
      },
      plugins: [plansPlugin(), cachePlugin(cache)],
    });
    return Promise.resolve({
      ask: async ({ source, viewer, variables }) => {
        const response = await yoga.fetch('http://localhost/graphql', {
          method: 'POST',
          headers: { ...headers, ...(viewer === undefined ? {} : { 'x-viewer': viewer }) },
          body: JSON.stringify({ query: source, variables }),
        });
        return serverAnswer(await response.text());
      },
      close: async () => {
        await yoga.dispose();
      },
    });
  },
  requestProperties: ['request'],
});

describe('plans in GraphQL Yoga', () => {
  const schema = buildSchema('type Query { film(id: ID!): String }');
  const rootValue = { film: 'Ran' };

  /** The bodies and statuses of requests, each made three times, and the executors that were found at the end. */
  async function answers(
    plugins: Plugin[],
    variables: unknown,
  ): Promise<{ bodies: string[]; found: string[] }> {
    const found: string[] = [];
    const last: Plugin = {
      onExecute: ({ executeFn, args }) => {
        found.push(executeFn.name);
        args.rootValue = rootValue;
      },
    };
    const yoga = createYoga({ schema, logging: false, maskedErrors: false, plugins: [...plugins, last] });
    const bodies: string[] = [];
    for (let time = 0; time < 3; time += 1) {
      const response = await yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: 'query ($id: ID!) { film(id: $id) }', variables }),
      });
      bodies.push(`${response.status} ${await response.text()}`);
    }
    await yoga.dispose();
    return { bodies, found };
  }

  it.each([{ id: 1 }, { id: [] }, {}])('answer as Yoga does: %j', async (variables) => {
    const expected = await answers([], variables);
    const found = await answers([plansPlugin()], variables);
    expect(found.bodies).toEqual(expected.bodies);
    expect(expected.found).toContain('normalizedExecutor');
    expect(found.found).not.toContain('normalizedExecutor');
  });

  it('leave the executor in place that another plugin has set, in both orders', async () => {
    const other: Plugin = {
      onExecute: ({ setExecuteFn }) => setExecuteFn(() => ({ data: { film: 'from a cache of answers' } })),
    };
    for (const plugins of [
      [other, plansPlugin()],
      [plansPlugin(), other],
    ]) {
      const { bodies } = await answers(plugins, { id: 1 });
      expect(bodies).toEqual(
        Array.from({ length: 3 }, () => '200 {"data":{"film":"from a cache of answers"}}'),
      );
    }
  });

  it('leave to Yoga what it is told beside the arguments of graphql-js: the coordinates of errors', async () => {
    const failing = buildSchema('type Query { film(id: ID!): Int }');
    const coordinatesWith = async (plugins: Plugin[]): Promise<unknown[]> => {
      const coordinates: unknown[] = [];
      const last: Plugin = {
        onExecute: ({ args }) => {
          args.rootValue = { film: 'no number' };
          return {
            onExecuteDone: ({ result }) => {
              if ('errors' in result)
                coordinates.push(result.errors?.map((error: object) => Reflect.get(error, 'coordinate')));
            },
          };
        },
      };
      const yoga = createYoga({
        schema: failing,
        logging: false,
        maskedErrors: false,
        plugins: [...plugins, last],
      });
      const body = JSON.stringify({ query: '{ film(id: 1) }' });
      for (let time = 0; time < 3; time += 1) {
        const response = await yoga.fetch('http://localhost/graphql', { method: 'POST', headers, body });
        await response.text();
      }
      await yoga.dispose();
      return coordinates;
    };
    const expected = [['Query.film'], ['Query.film'], ['Query.film']];
    expect(await coordinatesWith([useErrorCoordinate()])).toEqual(expected);
    expect(await coordinatesWith([plansPlugin(), useErrorCoordinate()])).toEqual(expected);
    expect(await coordinatesWith([useErrorCoordinate(), plansPlugin()])).toEqual(expected);
  });

  it('are refused with the options that cannot be', () => {
    expect(() => plansPlugin({ maxBytes: -1 })).toThrow(
      'maxBytes must be a positive whole number, but got -1',
    );
  });
});
