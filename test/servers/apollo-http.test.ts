import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { startStandaloneServer } from '@apollo/server/standalone';
import { expressMiddleware } from '@as-integrations/express5';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import express from 'express';
import fastify from 'fastify';
import { serverContract, type StartedServer } from '../contracts/server-contract.js';
import type { FilmContext, FilmWorld } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

/** The ways on which Apollo Server is reached over HTTP, each with the plugin, on a port of its own. */
type Listen = (world: FilmWorld) => Promise<{ url: string; close(): Promise<void> }>;

function contextOf({ headers }: { headers: NodeJS.Dict<string | string[]> }): Promise<FilmContext> {
  const id = headers['x-viewer'];
  return Promise.resolve(typeof id === 'string' ? { viewer: { id } } : {});
}

const standalone: Listen = async ({ schema, cache }) => {
  const server = new ApolloServer<FilmContext>({ schema, plugins: [cache.apolloPlugin()] });
  const context = ({ req }: { req: { headers: NodeJS.Dict<string | string[]> } }) => contextOf(req);
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' }, context });
  return { url, close: () => server.stop() };
};

const onExpress: Listen = async ({ schema, cache }) => {
  const app = express();
  const http = createServer((request, response) => void app(request, response));
  const plugins = [cache.apolloPlugin(), ApolloServerPluginDrainHttpServer({ httpServer: http })];
  const server = new ApolloServer<FilmContext>({ schema, plugins });
  await server.start();
  app.use('/', express.json(), expressMiddleware(server, { context: ({ req }) => contextOf(req) }));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.stop() };
};

const onFastify: Listen = async ({ schema, cache }) => {
  const app = fastify();
  const plugins = [cache.apolloPlugin(), fastifyApolloDrainPlugin(app)];
  const server = new ApolloServer<FilmContext>({ schema, plugins });
  await server.start();
  await app.register(fastifyApollo(server), { path: '/', context: contextOf });
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
};

function starting(listen: Listen): (world: FilmWorld) => Promise<StartedServer> {
  return async (world) => {
    const { url, close } = await listen(world);
    return {
      ask: async ({ source, viewer, variables }) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-cache-debug': '1',
            ...(viewer !== undefined && { 'x-viewer': viewer }),
          },
          body: JSON.stringify({ query: source, variables }),
        });
        return serverAnswer(await response.text());
      },
      close,
    };
  };
}

serverContract('Apollo Server, standalone', { start: starting(standalone), requestProperties: [] });
serverContract('Apollo Server on Express', { start: starting(onExpress), requestProperties: [] });
serverContract('Apollo Server on Fastify', { start: starting(onFastify), requestProperties: [] });
