import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { isJson } from '../http-operation.js';

/** A body that is not taken: by which status the client is told, and what. */
export class RefusedBody extends Error {
  readonly status: 400 | 413 | 415;

  constructor(status: RefusedBody['status'], message: string) {
    super(message);
    this.name = 'RefusedBody';
    this.status = status;
  }
}

/** What is read of a request; `body` is there where code in front of the handler has parsed it. */
export type BodyRequest = IncomingMessage & { readonly body?: unknown };

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;
const UTF_8 = /^utf-?8$/i;
const BYTE_ORDER_MARK = '\ufeff';

const DECODERS = new Map<string, (req: IncomingMessage) => Readable>([
  ['identity', (req) => req],
  ['gzip', (req) => req.pipe(createGunzip())],
  ['deflate', (req) => req.pipe(createInflate())],
  ['br', (req) => req.pipe(createBrotliDecompress())],
]);

/**
 * The JSON of a request; undefined where it has none. `maxBytes` bounds what arrives, and what that is decompressed to.
 * @throws RefusedBody for what is too long, malformed, or in an encoding that is not known.
 */
export async function jsonBody(req: BodyRequest, maxBytes: number): Promise<unknown> {
  if (req.body !== undefined) return req.body;
  // A GET says everything in its URL, whatever its headers say of a body.
  if (req.method === 'GET' || req.method === 'HEAD') return undefined;
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = req.headers;
  if (type === undefined || !isJson(type)) return undefined;
  const charset = CHARSET.exec(type)?.[1] ?? 'utf-8';
  if (!UTF_8.test(charset)) throw new RefusedBody(415, `The charset ${charset} is not taken; send UTF-8.`);
  const decode = DECODERS.get(encoding?.toLowerCase() ?? 'identity');
  if (decode === undefined)
    throw new RefusedBody(415, `The encoding ${encoding} is not taken; send gzip, deflate, br or none.`);
  if (Number(length) > maxBytes) throw tooLong(maxBytes);
  return parsed(await textOf(decode(req), maxBytes));
}

function tooLong(maxBytes: number): RefusedBody {
  return new RefusedBody(413, `The body has more than ${maxBytes} bytes.`);
}

function textOf(source: Readable, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= maxBytes) return;
      source.off('data', take);
      source.pause();
      reject(tooLong(maxBytes));
    };
    source.on('data', take);
    source.once('end', () =>
      resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? ''),
    );
    source.on('error', ({ message }) => reject(new RefusedBody(400, `The body cannot be read: ${message}.`)));
  });
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
    return value;
  } catch (error) {
    throw new RefusedBody(
      400,
      `The body is no JSON: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
