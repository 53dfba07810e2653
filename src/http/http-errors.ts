import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import type { FastifyError } from 'fastify';
import { limits } from '../limits/limits.js';

/** What a client reads where a request did not come as far as GraphQL: the same form. */
export function errorBody(message: string, extensions: Readonly<Record<string, string>>) {
  return { errors: [{ message, extensions }] };
}

/** The sentence of a request that is the client's fault. */
export function requestFault({ code, message }: FastifyError): string {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return `The body of the request has more than ${limits.bodyBytes} bytes; ask in several operations.`;
    case 'FST_ERR_BAD_URL':
      return 'The path of the request has a % in it that encodes no character; write a % itself as %25.';
    default:
      return message;
  }
}

interface Refusal {
  readonly status: number;
  readonly sentence: string;
}

const malformed: Refusal = { status: 400, sentence: 'The request is not HTTP as it should be.' };
/** By the code of the parser of Node.js. */
const refusals: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, sentence: 'The request took too long to arrive; send it again.' },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    sentence: 'The headers of the request are too long; send fewer of them.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    sentence: 'The parts of the body have too long extensions; send it without them.',
  },
};

/** Answers what the parser of HTTP refuses, which no route is asked about, and ends the connection. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, sentence } = refusals[error.code ?? ''] ?? malformed;
  const body = JSON.stringify(errorBody(sentence, { code: 'BAD_REQUEST' }));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
