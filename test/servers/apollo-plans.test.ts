import {
  ApolloServer,
  HeaderMap,
  type ApolloServerPlugin,
  type GraphQLRequestListener,
  type GraphQLResponse,
} from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { apolloWithPlans, compiledExecution } from '../../src/cache/execution/index.js';
import { serverContract } from '../contracts/server-contract.js';
import { filmWorld, type FilmContext } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

interface Asked {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

interface Sent {
  readonly status: number;
  readonly text: string;
}

/** As a request over HTTP would be answered. */
async function ask(server: ApolloServer<FilmContext>, asked: Asked, viewer?: string): Promise<Sent> {
  const headers = new HeaderMap([
    ['content-type', 'application/json'],
    ['x-cache-debug', '1'],
  ]);
  const { body, status } = await server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: 'POST', headers, search: '', body: asked },
    context: () => Promise.resolve(viewer === undefined ? {} : { viewer: { id: viewer } }),
  });
  return { status: status ?? 200, text: body.kind === 'complete' ? body.string : 'not complete' };
}

serverContract('Apollo Server 5, by plans', {
  start: async ({ schema, cache }) => {
    const server = new ApolloServer(
      apolloWithPlans({ schema, plugins: [ApolloServerPluginCacheControlDisabled(), cache.apolloPlugin()] }),
    );
    await server.start();
    return {
      ask: async ({ source, viewer, variables = {} }) =>
        serverAnswer((await ask(server, { query: source, variables: { ...variables } }, viewer)).text),
      close: () => server.stop(),
    };
  },
  requestProperties: [],
});

function plainSchema(): GraphQLSchema {
  return buildSchema(`
    type Film { id: ID! title(upper: Boolean): String! }
    type Query { film(id: ID!): Film films: [Film!]! }
    type Mutation { film: Film }
  `);
}

const rootValue = {
  film: ({ id }: { readonly id: string }) => ({ id, title: id === '0' ? null : `film ${id}` }),
  films: [
    { id: '1', title: 'one' },
    { id: '2', title: 'two' },
  ],
};

const requests: readonly Asked[] = [
  { query: 'query ($id: ID!) { film(id: $id) { id title } }', variables: { id: 1 } },
  { query: 'query ($id: ID!) { film(id: $id) { id title } }', variables: { id: 0 } },
  { query: 'query ($id: ID!) { film(id: $id) { id title } }', variables: { id: {} } },
  { query: 'query ($id: ID!) { film(id: $id) { id title } }' },
  { query: '{ film(id: 1) { nothing } }' },
  { query: 'query A { films { id } } mutation B { film { id } }', operationName: 'A' },
  { query: 'query A { films { id } } mutation B { film { id } }', operationName: 'B' },
  { query: 'query A { films { id } } mutation B { film { id } }', operationName: 'C' },
  { query: '{ __schema { queryType { name } } }' },
];

describe('Apollo Server with plans', () => {
  it.each([
    { by: 'before a gateway is asked', plugins: [ApolloServerPluginCacheControlDisabled()] },
    { by: 'as a gateway, where a plugin listens to executions', plugins: [] },
  ])('answers every request as without them: status, body and codes of errors, $by', async ({ plugins }) => {
    const options = { schema: plainSchema(), rootValue, introspection: true, plugins: [...plugins] };
    const compiled = compiledExecution();
    const servers = [
      new ApolloServer<FilmContext>(options),
      new ApolloServer<FilmContext>(apolloWithPlans(options, compiled)),
    ];
    for (const server of servers) await server.start();
    for (let time = 0; time < 3; time += 1) {
      for (const request of requests) {
        const [expected, found] = await Promise.all(servers.map((server) => ask(server, request)));
        expect(found).toEqual(expected);
      }
    }
    expect(compiled.stats().compiled).toBeGreaterThan(5);
    for (const server of servers) await server.stop();
  });

  it('tells a plugin of every field, whenever it is asked to listen', async () => {
    const seen: string[] = [];
    let listens = false;
    const plugin: ApolloServerPlugin<FilmContext> = {
      requestDidStart: () => {
        if (!listens) return Promise.resolve({});
        const willResolveField = ({ info }: { readonly info: { readonly fieldName: string } }): undefined => {
          seen.push(info.fieldName);
        };
        return Promise.resolve({ executionDidStart: () => Promise.resolve({ willResolveField }) });
      },
    };
    const compiled = compiledExecution();
    const server = new ApolloServer<FilmContext>(
      apolloWithPlans(
        { schema: plainSchema(), rootValue, plugins: [ApolloServerPluginCacheControlDisabled(), plugin] },
        compiled,
      ),
    );
    await server.start();
    const query = '{ films { id } }';
    for (let time = 0; time < 3; time += 1) await ask(server, { query });
    listens = true;
    for (let time = 0; time < 3; time += 1) await ask(server, { query });
    expect(seen).toEqual(Array.from({ length: 3 }, () => ['films', 'id', 'id']).flat());
    expect(compiled.stats().compiled).toBeGreaterThan(3);
    await server.stop();
  });

  it('executes nothing twice, errors or not', async () => {
    let calls = 0;
    const film = ({ id }: { readonly id: string }) => {
      calls += 1;
      return { id, title: id === '0' ? null : 'film' };
    };
    const compiled = compiledExecution();
    const plugins = [ApolloServerPluginCacheControlDisabled()];
    const server = new ApolloServer<FilmContext>(
      apolloWithPlans({ schema: plainSchema(), rootValue: { film }, plugins }, compiled),
    );
    await server.start();
    for (let time = 0; time < 4; time += 1) {
      for (const id of [0, 1]) {
        const query = `{ film(id: ${id}) { title } }`;
        expect((await ask(server, { query })).text.includes('errors')).toBe(id === 0);
      }
    }
    expect(calls).toBe(8);
    expect(compiled.stats()).toMatchObject({ compiled: 6, left: 2 });
    await server.stop();
  });

  it('leaves it to plugins to listen to executions and to answer, those added later too', async () => {
    const seen: string[] = [];
    class Listening implements ApolloServerPlugin<FilmContext> {
      readonly #seen = seen;
      readonly #answersFrom: number;
      #asked = 0;

      constructor(answersFrom: number) {
        this.#answersFrom = answersFrom;
      }

      requestDidStart(): Promise<GraphQLRequestListener<FilmContext>> {
        this.#asked += 1;
        const isAnswering = this.#asked >= this.#answersFrom;
        return Promise.resolve({
          ...(this.#asked === 3 && {
            executionDidStart: () => Promise.resolve({ executionDidEnd: () => this.#note('executed') }),
          }),
          ...(isAnswering && { responseForOperation: () => this.#answer() }),
        });
      }

      async #note(what: string): Promise<void> {
        this.#seen.push(what);
      }

      async #answer(): Promise<GraphQLResponse> {
        await this.#note('answered');
        return {
          http: { headers: new HeaderMap() },
          body: { kind: 'single', singleResult: { data: { films: [] } } },
        };
      }
    }
    const compiled = compiledExecution();
    const plugins = [ApolloServerPluginCacheControlDisabled()];
    const server = new ApolloServer<FilmContext>(
      apolloWithPlans({ schema: plainSchema(), rootValue, plugins }, compiled),
    );
    server.addPlugin(new Listening(4));
    await server.start();
    for (let time = 0; time < 4; time += 1) await ask(server, { query: '{ films { id } }' });
    expect(seen).toEqual(['executed', 'answered']);
    expect(compiled.stats()).toMatchObject({ compiled: 2, left: 1 });
    await server.stop();
  });

  it('takes plugins that are frozen, and those that begin to listen only when the server starts', async () => {
    const seen: string[] = [];
    const listening = (name: string) => (): Promise<GraphQLRequestListener<FilmContext>> =>
      Promise.resolve({
        executionDidStart: () => {
          seen.push(name);
          return Promise.resolve(undefined);
        },
      });
    const late: ApolloServerPlugin<FilmContext> = {
      serverWillStart: () => {
        late.requestDidStart = listening('late');
        return Promise.resolve();
      },
    };
    const frozen = Object.freeze({ requestDidStart: listening('frozen') });
    for (const [name, plugin] of [
      ['frozen', frozen],
      ['late', late],
    ] as const) {
      const plugins = [plugin, ApolloServerPluginCacheControlDisabled()];
      const server = new ApolloServer<FilmContext>(
        apolloWithPlans({ schema: plainSchema(), rootValue, plugins }),
      );
      await server.start();
      for (let time = 0; time < 3; time += 1) {
        const { text } = await ask(server, { query: '{ films { id } }' });
        expect(text).toBe('{"data":{"films":[{"id":"1"},{"id":"2"}]}}\n');
      }
      expect(seen.splice(0)).toEqual([name, name, name]);
      await server.stop();
    }
  });

  it('hands on the root value of each document and the options of execution', async () => {
    const server = new ApolloServer<FilmContext>(
      apolloWithPlans({
        schema: plainSchema(),
        rootValue: (document: { readonly kind: string }) => ({ films: [{ id: document.kind, title: '' }] }),
        executionOptions: { maxCoercionErrors: 1 },
      }),
    );
    await server.start();
    const query =
      'query ($a: ID!, $b: ID!, $c: ID!) { films { id } a: film(id: $a) { id } b: film(id: $b) { id } c: film(id: $c) { id } }';
    for (let time = 0; time < 3; time += 1) {
      expect((await ask(server, { query: '{ films { id } }' })).text).toContain('"id":"Document"');
      expect((await ask(server, { query })).text).toContain('error limit reached');
    }
    await server.stop();
  });

  it('tells an error of what makes the root value as without plans', async () => {
    const options = {
      schema: plainSchema(),
      rootValue: () => {
        throw new Error('there is no root');
      },
      plugins: [ApolloServerPluginCacheControlDisabled()],
    };
    const servers = [
      new ApolloServer<FilmContext>({ ...options, plugins: [...options.plugins] }),
      new ApolloServer<FilmContext>(apolloWithPlans(options)),
    ];
    for (const server of servers) await server.start();
    const [expected, found] = await Promise.all(
      servers.map((server) => ask(server, { query: '{ films { id } }' })),
    );
    expect(found).toEqual({ ...expected, text: expect.stringContaining('there is no root') });
    for (const server of servers) await server.stop();
  });

  it('tells plugins the same of the schema as without plans, so that it can be reported', async () => {
    const told: unknown[] = [];
    const plugin: ApolloServerPlugin<FilmContext> = {
      serverWillStart: () =>
        Promise.resolve({ schemaDidLoadOrUpdate: (loaded) => void told.push({ ...loaded }) }),
    };
    const schema = plainSchema();
    const servers = [
      new ApolloServer<FilmContext>({ schema, plugins: [plugin] }),
      new ApolloServer<FilmContext>(apolloWithPlans({ schema, plugins: [plugin] })),
    ];
    for (const server of servers) {
      await server.start();
      await server.stop();
    }
    expect(told).toStrictEqual([{ apiSchema: schema }, { apiSchema: schema }]);
  });

  it('says what it cannot be given', () => {
    const schema = plainSchema();
    expect(() => apolloWithPlans(JSON.parse('{"typeDefs": "type Query { a: Int }"}'))).toThrow(
      'apolloWithPlans: schema must be a GraphQLSchema; make one of typeDefs and resolvers; typeDefs and resolvers belong into schema',
    );
    expect(() => apolloWithPlans(Object.assign(JSON.parse('{"gateway": {}}'), { schema }))).toThrow(
      'has a gateway already',
    );
  });

  it('keeps what the cache has proven: hits are hits', async () => {
    const { schema, cache } = filmWorld();
    const compiled = compiledExecution();
    const server = new ApolloServer<FilmContext>(
      apolloWithPlans({ schema, plugins: [cache.apolloPlugin()] }, compiled),
    );
    await server.start();
    for (let time = 0; time < 4; time += 1) await ask(server, { query: '{ film(id: 1) { title } }' });
    expect(cache.stats.counters()['Query.film']).toMatchObject({ hits: 3, loads: 1 });
    expect(compiled.stats().compiled).toBe(3);
    await server.stop();
  });
});
