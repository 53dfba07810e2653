import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import fastify from 'fastify';
import { createYoga } from 'graphql-yoga';
import mercurius from 'mercurius';
import { apolloWithPlans } from '../../../src/cache/execution/index.js';
import { cachePlugin as mercuriusPlugin } from '../../../src/cache/mercurius/index.js';
import { cachePlugin as yogaPlugin } from '../../../src/cache/yoga/index.js';
import type { HttpContext, HttpWorld } from './http-world.js';

/** A server that answers over HTTP on a port of its own. */
export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

export type StartHttpServer = (world: HttpWorld) => Promise<HttpServer>;

function contextOf(header: (name: string) => unknown): HttpContext {
  const [id, tenant] = [header('x-viewer'), header('x-tenant')];
  return {
    ...(typeof id === 'string' && { viewer: { id } }),
    ...(typeof tenant === 'string' && { tenant }),
  };
}

function apolloOptions({ schema, cache }: HttpWorld) {
  const plugin = cache.apolloPlugin();
  return {
    schema,
    plugins: [ApolloServerPluginCacheControlDisabled(), plugin],
    stringifyResult: plugin.stringifyResult,
  };
}

const apollo: StartHttpServer = async (world) => {
  const server = new ApolloServer<HttpContext>(apolloOptions(world));
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: ({ req: { headers } }) => Promise.resolve(contextOf((name) => headers[name])),
  });
  return { url, close: () => server.stop() };
};

const apolloOnFastify: StartHttpServer = async (world) => {
  const app = fastify();
  const options = apolloOptions(world);
  const server = new ApolloServer<HttpContext>(
    apolloWithPlans({ ...options, plugins: [...options.plugins, fastifyApolloDrainPlugin(app)] }),
  );
  await server.start();
  const context = ({ headers }: { headers: NodeJS.Dict<string | string[]> }) =>
    Promise.resolve(contextOf((name) => headers[name]));
  await app.register(fastifyApollo(server), { path: '/', context });
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
};

const yoga: StartHttpServer = async ({ schema, cache }) => {
  const served = createYoga<object, HttpContext>({
    schema,
    logging: false,
    context: ({ request: { headers } }) => contextOf((name) => headers.get(name)),
    plugins: [yogaPlugin(cache)],
  });
  const http = createServer((request, response) => void served(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/graphql`, close };
};

const onMercurius: StartHttpServer = async ({ schema, cache }) => {
  const app = fastify();
  await app.register(mercurius, {
    schema,
    context: ({ headers }): HttpContext => contextOf((name) => headers[name]),
    errorFormatter: (execution) => ({ statusCode: 200, response: execution }),
  });
  await app.register(mercuriusPlugin<HttpContext>(cache));
  return { url: `${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`, close: () => app.close() };
};

export const apolloServers: readonly [string, StartHttpServer][] = [
  ['Apollo Server', apollo],
  ['Apollo Server on Fastify with plans', apolloOnFastify],
];

export const httpServers: readonly [string, StartHttpServer][] = [
  ...apolloServers,
  ['GraphQL Yoga', yoga],
  ['Mercurius', onMercurius],
];
