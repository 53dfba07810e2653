import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { INTERNAL_SENTENCE } from '../api-errors/format-error.js';
import { loggedError } from '../api-errors/internal-error.js';
import { limits } from '../limits/limits.js';
import { endHalfRequests } from './end-half-requests.js';
import { endUnreadAnswers } from './end-unread-answers.js';
import { trustOf } from './trusted-proxies.js';
import { errorBody, refuseConnection, requestFault } from './http-errors.js';

const MOST_CHECKING_MS = 1_000;

export interface AppOptions {
  /** Milliseconds a request may take to arrive; default `limits.requestMs`. */
  readonly requestMs?: number;
  /** Milliseconds for which a client may take nothing of its answer; default `limits.unreadMs`. */
  readonly unreadMs?: number;
  /** Addresses of proxies whose X-Forwarded-For is believed; default none. */
  readonly trustedProxies?: readonly string[];
}

/**
 * An HTTP server without routes, whose own errors look like those of GraphQL. The address of a client is the one that
 * connects, or the one that a trusted proxy names in X-Forwarded-For.
 */
export function createApp(
  log: FastifyBaseLogger,
  { requestMs = limits.requestMs, unreadMs = limits.unreadMs, trustedProxies = [] }: AppOptions = {},
): FastifyInstance {
  const app = Fastify({
    loggerInstance: log,
    // Two lines for each request would cost more than many a cached answer, and would hold the query of a GET.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // Without it a client could give itself any address.
    trustProxy: trustedProxies.length === 0 ? false : trustOf(trustedProxies),
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestMs,
    http: {
      // Of the two limits Node.js takes the longer one for the whole request; by default that of headers, a minute.
      headersTimeout: requestMs,
      // By default it looks for those who are too slow twice a minute.
      connectionsCheckingInterval: Math.min(MOST_CHECKING_MS, requestMs / 10),
    },
    clientErrorHandler: refuseConnection,
    // What is refused before there is a route, and so before the hooks of one.
    frameworkErrors: (error, request, reply) => {
      forbidGuessing(reply);
      answerFault(error, request, reply);
    },
    genReqId: () => randomUUID(),
  });
  app.setErrorHandler<FastifyError>(answerFault);
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(errorBody('There is nothing here; the API is at /graphql.', { code: 'NOT_FOUND' })),
  );
  app.addHook('onRequest', async (_request, reply) => forbidGuessing(reply));
  endUnreadAnswers(app.server, unreadMs);
  const endThoseOfHalf = endHalfRequests(app.server);
  app.addHook('preClose', async () => {
    // A connection whose last answer is sent while we stop would otherwise stay open, idle, for over a minute.
    app.server.keepAliveTimeout = 1;
    endThoseOfHalf();
  });
  if (log.level === 'debug' || log.level === 'trace') logRequests(app);
  return app;
}

/** A browser must not take an answer for anything but what its type says. */
function forbidGuessing(reply: Pick<FastifyReply, 'header'>): void {
  void reply.header('x-content-type-options', 'nosniff');
}

function answerFault(
  error: FastifyError,
  { id: requestId, log }: Pick<FastifyRequest, 'id' | 'log'>,
  reply: Pick<FastifyReply, 'code'>,
): void {
  const status = error.statusCode ?? 500;
  if (status < 500) {
    void reply.code(status).send(errorBody(requestFault(error), { code: 'BAD_REQUEST' }));
    return;
  }
  log.error({ error: loggedError(error) }, 'a request failed');
  void reply.code(500).send(errorBody(INTERNAL_SENTENCE, { code: 'INTERNAL_SERVER_ERROR', requestId }));
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
