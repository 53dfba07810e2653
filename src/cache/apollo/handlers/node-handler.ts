import { textOf } from '../../errors.js';
import { ServerResponse, type IncomingMessage } from 'node:http';
import { refuseFaults } from '../../unknown-options.js';
import { written } from '../../written.js';
import type { AnsweringServer } from '../front.js';
import type { HttpAnswer } from '../manner.js';
import { answerRequest, handlerFaults, headerValue } from './answer-request.js';
import { jsonBody, MOST_BODY_BYTES, RefusedBody, type BodyRequest } from './request-body.js';

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

/**
 * Handles a request of Node's HTTP server, and of whatever is made of it, such as Express, whose `next` is told of errors that are not the
 * client's. Never throws.
 */
export type NodeHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

const MIB = 1024 * 1024;
const plainEnd: unknown = Reflect.get(ServerResponse.prototype, 'end');

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
    const sending = send(res, await answerRequest(server, req, body, context));
    if (sending !== undefined) await sending;
  };
  return (req, res, next) =>
    void handle(req, res).catch((error: unknown) => {
      if (error instanceof RefusedBody) refuse(res, error.status, error.message, 'BAD_REQUEST');
      else if (next !== undefined && !res.headersSent) next(error);
      else {
        server.logger?.error(`nodeHandler: ${error instanceof Error ? error.stack : textOf(error)}`);
        refuse(res, 500, 'Internal server error', 'INTERNAL_SERVER_ERROR');
      }
    });
}

/** Answers how it ends, where it comes in parts. */
function send(res: ServerResponse, { status = 200, headers, body }: HttpAnswer): Promise<void> | undefined {
  res.statusCode = status;
  for (const [name, value] of headers) res.setHeader(name, headerValue(name, value, res.getHeader(name)));
  if (body.asyncIterator !== undefined) return sendParts(res, body.asyncIterator);
  const { kept, string } = body;
  // Code around the server, or around `end`, is given a text: the bytes are the same for all readers.
  const isPlain = kept !== undefined && kept.string === string && res.end === plainEnd;
  res.end(isPlain ? (kept.answer.sentBytes ?? string) : string);
  return undefined;
}

async function sendParts(res: ServerResponse, parts: AsyncIterable<string>): Promise<void> {
  for await (const part of parts) {
    if (res.destroyed) return;
    res.write(part);
    // Code that compresses answers keeps what is short.
    if ('flush' in res && typeof res.flush === 'function') res.flush();
  }
  res.end();
}

function refuse(res: ServerResponse, status: number, message: string, code: string): void {
  // Its client sees that it is not whole.
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.statusCode = status;
  res.setHeader('content-type', 'application/json; charset=utf-8');
  // The rest of the body is not read.
  if (res.req.httpVersionMajor < 2) res.setHeader('connection', 'close');
  res.end(`${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`);
}

function faultsOf(server: unknown, options: NodeHandlerOptions<unknown>): string[] {
  const faults = handlerFaults(server, options, nodeHandlerOptions);
  const { maxBodyBytes }: { maxBodyBytes?: unknown } = options;
  const isPossible = typeof maxBodyBytes === 'number' && maxBodyBytes > 0 && maxBodyBytes <= MOST_BODY_BYTES;
  if (maxBodyBytes !== undefined && !(isPossible && Number.isInteger(maxBodyBytes)))
    faults.push(
      `maxBodyBytes must be a whole number of bytes from 1 to ${MOST_BODY_BYTES}, but got ${written(maxBodyBytes)}`,
    );
  return faults;
}
