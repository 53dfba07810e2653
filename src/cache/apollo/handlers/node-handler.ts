import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuseFaults } from '../../unknown-options.js';
import { written } from '../../written.js';
import type { AnsweringServer } from '../front.js';
import type { HttpAnswer } from '../manner.js';
import { answerRequest, handlerFaults, headerValue } from './answer-request.js';
import { jsonBody, RefusedBody, type BodyRequest } from './request-body.js';

/** What `nodeHandler` is told. */
export interface NodeHandlerOptions<Context> {
  /** Makes the context of a request, as for the integrations of Apollo Server. Default: an empty object. */
  readonly context?: (given: {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
  }) => Promise<Context> | Context;
  /** A request with a longer body is refused with 413. Default 1 MiB. */
  readonly maxBodyBytes?: number;
}

const nodeHandlerOptions = { context: true, maxBodyBytes: true } satisfies Record<
  keyof NodeHandlerOptions<unknown>,
  true
>;

/** Handles a request of Node's HTTP server, and of whatever is made of it, such as Express. Never throws. */
export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => void;

const MIB = 1024 * 1024;

/**
 * Answers requests over HTTP by an Apollo Server, whatever their path is: for `createServer` of Node.js, and as a route of Express. It reads
 * JSON itself, unless `req.body` is there, and sets no header but those of the server.
 *
 * Where `plugin.answerInFrontOf(server)` was called, an answer that the memo has is given without the server, which has admitted the
 * same document, method, `Content-Type` and `Accept` before; `context` is called for each request all the same.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function nodeHandler(
  server: AnsweringServer<object>,
  options?: NodeHandlerOptions<object>,
): NodeHandler;
export function nodeHandler<Context>(
  server: AnsweringServer<Context>,
  options: NodeHandlerOptions<Context> & Required<Pick<NodeHandlerOptions<Context>, 'context'>>,
): NodeHandler;
export function nodeHandler(server: AnsweringServer, options: NodeHandlerOptions<unknown> = {}): NodeHandler {
  refuseFaults('nodeHandler', faultsOf(server, options));
  const { context: contextOf = () => ({}), maxBodyBytes = MIB } = options;
  const handle = async (req: BodyRequest, res: ServerResponse): Promise<void> => {
    const body = await jsonBody(req, maxBodyBytes);
    const context = async (): Promise<unknown> => contextOf({ req, res });
    await send(res, await answerRequest(server, req, body, context));
  };
  return (req, res) => void handle(req, res).catch((error: unknown) => refuse(res, error));
}

async function send(res: ServerResponse, { status = 200, headers, body }: HttpAnswer): Promise<void> {
  res.statusCode = status;
  for (const [name, value] of headers) res.setHeader(name, headerValue(name, value, res.getHeader(name)));
  if (body.asyncIterator === undefined) {
    res.end(body.string);
    return;
  }
  for await (const part of body.asyncIterator) {
    if (res.destroyed) return;
    res.write(part);
    // Code that compresses answers keeps what is short.
    if ('flush' in res && typeof res.flush === 'function') res.flush();
  }
  res.end();
}

function refuse(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const isRefused = error instanceof RefusedBody;
  const message = isRefused ? error.message : 'Internal server error';
  const code = isRefused ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR';
  res.statusCode = isRefused ? error.status : 500;
  res.setHeader('content-type', 'application/json; charset=utf-8');
  // The rest of the body is not read.
  res.setHeader('connection', 'close');
  res.end(`${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`);
}

function faultsOf(server: unknown, options: NodeHandlerOptions<unknown>): string[] {
  const faults = handlerFaults(server, options, nodeHandlerOptions);
  const { maxBodyBytes }: { maxBodyBytes?: unknown } = options;
  if (maxBodyBytes !== undefined && !(Number.isSafeInteger(maxBodyBytes) && Number(maxBodyBytes) > 0))
    faults.push(`maxBodyBytes must be a positive whole number of bytes, but got ${written(maxBodyBytes)}`);
  return faults;
}
