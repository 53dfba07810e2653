import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify';
import { INTERNAL_SENTENCE } from '../api-errors/format-error.js';
import { loggedError } from '../api-errors/internal-error.js';
import { limits } from '../limits/limits.js';

/**
 * An HTTP server without routes, whose own errors look like those of GraphQL. The address of a client is the one that
 * connects, or the one that a trusted proxy names in X-Forwarded-For.
 */
export function createApp(log: FastifyBaseLogger, trustedProxies: readonly string[] = []): FastifyInstance {
  const app = Fastify({
    loggerInstance: log,
    // Two lines for each request would cost more than many a cached answer, and would hold the query of a GET.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // Without it a client could give itself any address.
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    genReqId: () => randomUUID(),
  });
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send(errorBody(error.message, { code: 'BAD_REQUEST' }));
    const { id: requestId } = request;
    request.log.error({ error: loggedError(error) }, 'a request failed');
    return reply.code(500).send(errorBody(INTERNAL_SENTENCE, { code: 'INTERNAL_SERVER_ERROR', requestId }));
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(errorBody('There is nothing here; the API is at /graphql.', { code: 'NOT_FOUND' })),
  );
  app.addHook('preClose', async () => {
    // A connection whose last answer is sent while we stop would otherwise stay open, idle, for over a minute.
    app.server.keepAliveTimeout = 1;
  });
  if (log.level === 'debug' || log.level === 'trace') logRequests(app);
  return app;
}

/** The path without what follows the question mark: there a GET has its query and its variables. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const [path] = request.url.split('?');
    const { method } = request;
    request.log.debug(
      { method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'a request was answered',
    );
  });
}

function errorBody(message: string, extensions: Readonly<Record<string, string>>) {
  return { errors: [{ message, extensions }] };
}
