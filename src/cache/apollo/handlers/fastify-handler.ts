import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { refuseFaults } from '../../unknown-options.js';
import type { AnsweringServer } from '../front.js';
import { answerRequest, handlerFaults, headerValue } from './answer-request.js';

/** What is read of a request of Fastify. */
export interface FastifyRequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** What is written to a reply of Fastify. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  getHeader(name: string): unknown;
}

/** What `fastifyHandler` is told. */
export interface FastifyHandlerOptions<Context, Request = FastifyRequestLike, Reply = FastifyReplyLike> {
  /** Makes the context of a request, as for `@as-integrations/fastify`. Default: an empty object. */
  readonly context?: (request: Request, reply: Reply) => Promise<Context> | Context;
}

const fastifyHandlerOptions = { context: true } satisfies Record<keyof FastifyHandlerOptions<unknown>, true>;

/** The handler of a route of Fastify. */
export type FastifyHandler<Request, Reply> = (request: Request, reply: Reply) => Promise<unknown>;

/**
 * As `nodeHandler`, for a route of Fastify 4 or 5, which has read the body.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function fastifyHandler<Request extends FastifyRequestLike, Reply extends FastifyReplyLike>(
  server: AnsweringServer<object>,
  options?: FastifyHandlerOptions<object, Request, Reply>,
): FastifyHandler<Request, Reply>;
export function fastifyHandler<Context, Request extends FastifyRequestLike, Reply extends FastifyReplyLike>(
  server: AnsweringServer<Context>,
  options: Required<FastifyHandlerOptions<Context, Request, Reply>>,
): FastifyHandler<Request, Reply>;
export function fastifyHandler<Request extends FastifyRequestLike, Reply extends FastifyReplyLike>(
  server: AnsweringServer,
  options: FastifyHandlerOptions<unknown, Request, Reply> = {},
): FastifyHandler<Request, Reply> {
  refuseFaults('fastifyHandler', handlerFaults(server, options, fastifyHandlerOptions));
  const { context: contextOf = () => ({}) } = options;
  return async (request, reply) => {
    const context = async (): Promise<unknown> => contextOf(request, reply);
    const { status = 200, headers, body } = await answerRequest(server, request, request.body, context);
    for (const [name, value] of headers) reply.header(name, headerValue(name, value, reply.getHeader(name)));
    reply.code(status);
    return body.asyncIterator === undefined ? body.string : Readable.from(body.asyncIterator);
  };
}
