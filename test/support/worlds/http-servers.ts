import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { expressMiddleware } from '@as-integrations/express5';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import fastifyCors from '@fastify/cors';
import express, { type RequestHandler } from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { createYoga } from 'graphql-yoga';
import mercurius from 'mercurius';
import { fastifyHandler, nodeHandler } from '../../../src/cache/apollo/index.js';
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

/** What differs between servers of Apollo that answer the same. */
export interface ApolloKind {
  /** Whether the answers of a memo are given in front of the server. */
  readonly isInFront: boolean;
  /** Whether Apollo Server writes its own `Cache-Control`; default false. */
  readonly hasOwnHeader?: boolean;
  /** Whether code in front of Apollo Server lets each site read the answers that it asked for; default false. Not standalone. */
  readonly reflectsOrigin?: boolean;
  /** Told of each request whose context is made, as the integration has it. */
  readonly asked?: (request: object) => void;
}

function apolloOptions({ schema, cache }: HttpWorld, { hasOwnHeader = false }: ApolloKind) {
  const plugin = cache.apolloPlugin();
  const plugins = hasOwnHeader ? [plugin] : [ApolloServerPluginCacheControlDisabled(), plugin];
  const options = { schema, plugins, stringifyResult: plugin.stringifyResult };
  const inFront = <Server extends ApolloServer<HttpContext>>(server: Server, kind: ApolloKind): Server =>
    kind.isInFront ? plugin.answerInFrontOf(server) : server;
  return { options, inFront };
}

/** What makes the context of a request. */
function contextFor<Request extends { headers: NodeJS.Dict<string | string[]> }>({ asked }: ApolloKind) {
  return (request: Request): Promise<HttpContext> => {
    asked?.(request);
    return Promise.resolve(contextOf((name) => request.headers[name]));
  };
}

export type StartApollo = (world: HttpWorld, kind: ApolloKind) => Promise<HttpServer>;

const standalone: StartApollo = async (world, kind) => {
  const { options, inFront } = apolloOptions(world, kind);
  const server = inFront(new ApolloServer<HttpContext>(options), kind);
  const context = contextFor(kind);
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: ({ req }) => context(req),
  });
  return { url, close: () => server.stop() };
};

async function listening(answer: RequestListener): Promise<HttpServer> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/`, close };
}

const reflectOrigin: RequestHandler = ({ headers: { origin } }, response, next) => {
  if (origin !== undefined) response.setHeader('access-control-allow-origin', origin);
  response.vary('Origin');
  next();
};

const onExpress: StartApollo = async (world, kind) => {
  const { options, inFront } = apolloOptions(world, kind);
  const server = inFront(new ApolloServer<HttpContext>(options), kind);
  await server.start();
  const app = express();
  const context = contextFor(kind);
  if (kind.reflectsOrigin === true) app.use(reflectOrigin);
  app.use('/', express.json(), expressMiddleware(server, { context: ({ req }) => context(req) }));
  const http = await listening((request, response) => void app(request, response));
  const close = async (): Promise<void> => {
    await http.close();
    await server.stop();
  };
  return { url: http.url, close };
};

/** An application of Express, in which code stands in front of a handler. */
function behind(code: RequestHandler, handle: RequestListener): RequestListener {
  const app = express().use('/', code, handle);
  return (request, response) => void app(request, response);
}

const byNodeHandler: StartApollo = async (world, kind) => {
  const { options, inFront } = apolloOptions(world, kind);
  const server = inFront(new ApolloServer<HttpContext>(options), kind);
  await server.start();
  const context = contextFor(kind);
  const handle = nodeHandler(server, { context: ({ req }) => context(req) });
  const http = await listening(kind.reflectsOrigin === true ? behind(reflectOrigin, handle) : handle);
  const close = async (): Promise<void> => {
    await http.close();
    await server.stop();
  };
  return { url: http.url, close };
};

const onFastify: StartApollo = async (world, kind) => {
  const app = fastify();
  if (kind.reflectsOrigin === true) await app.register(fastifyCors, { origin: true });
  const { options, inFront } = apolloOptions(world, kind);
  const server = inFront(
    new ApolloServer<HttpContext>(
      apolloWithPlans({ ...options, plugins: [...options.plugins, fastifyApolloDrainPlugin(app)] }),
    ),
    kind,
  );
  await server.start();
  await app.register(fastifyApollo(server), { path: '/', context: contextFor(kind) });
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
};

const byFastifyHandler: StartApollo = async (world, kind) => {
  const app = fastify();
  if (kind.reflectsOrigin === true) await app.register(fastifyCors, { origin: true });
  const { options, inFront } = apolloOptions(world, kind);
  const plugins = [...options.plugins, fastifyApolloDrainPlugin(app)];
  const server = inFront(new ApolloServer<HttpContext>({ ...options, plugins }), kind);
  await server.start();
  const context: (request: FastifyRequest) => Promise<HttpContext> = contextFor(kind);
  app.all('/', fastifyHandler(server, { context }));
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
};

/** The ways on which Apollo Server is reached over HTTP. */
export const apolloWays: readonly [string, StartApollo][] = [
  ['standalone', standalone],
  ['on Express', onExpress],
  ['on Fastify with plans', onFastify],
  ['by nodeHandler', byNodeHandler],
  ['by fastifyHandler', byFastifyHandler],
];

const yoga: StartHttpServer = async ({ schema, cache }) => {
  const served = createYoga<object, HttpContext>({
    schema,
    logging: false,
    context: ({ request: { headers } }) => contextOf((name) => headers.get(name)),
    plugins: [yogaPlugin(cache)],
  });
  const { url, close } = await listening((request, response) => void served(request, response));
  return { url: `${url}graphql`, close };
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

export const httpServers: readonly [string, StartHttpServer][] = [
  ['Apollo Server', (world) => standalone(world, { isInFront: false })],
  ['Apollo Server, answered in front of it', (world) => standalone(world, { isInFront: true })],
  ['Apollo Server on Fastify with plans', (world) => onFastify(world, { isInFront: false })],
  [
    'Apollo Server on Fastify with plans, answered in front',
    (world) => onFastify(world, { isInFront: true }),
  ],
  ['Apollo Server by nodeHandler, answered in front', (world) => byNodeHandler(world, { isInFront: true })],
  [
    'Apollo Server by fastifyHandler, answered in front',
    (world) => byFastifyHandler(world, { isInFront: true }),
  ],
  ['GraphQL Yoga', yoga],
  ['Mercurius', onMercurius],
];
