import { constants } from 'node:buffer';
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

/** What is read of a request; `body` is there where code in front of the handler has read it. */
export type BodyRequest = IncomingMessage & { body?: unknown };

/** The longest body that is one text. */
export const MOST_BODY_BYTES = constants.MAX_STRING_LENGTH;

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
 * The JSON of a request, which is its `body` from then on; undefined where it has none. `maxBytes` bounds what arrives, and what that is
 * decompressed to.
 * @throws RefusedBody for what is too long, malformed, or in an encoding that is not known.
 */
export async function jsonBody(req: BodyRequest, maxBytes: number): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = req.headers;
  const { body } = req;
  // Code in front may have read a text, or bytes.
  const isRead = typeof body === 'string' || Buffer.isBuffer(body);
  if (body !== undefined && !isRead) return body;
  // A GET says everything in its URL, whatever its headers say of a body.
  if (req.method === 'GET' || req.method === 'HEAD' || type === undefined || !isJson(type)) return body;
  const charset = CHARSET.exec(type)?.[1] ?? 'utf-8';
  if (!UTF_8.test(charset)) throw new RefusedBody(415, `The charset ${charset} is not taken; send UTF-8.`);
  if (isRead) return (req.body = parsed(String(body)));
  const decode = DECODERS.get(encoding?.toLowerCase() ?? 'identity');
  if (decode === undefined)
    throw new RefusedBody(415, `The encoding ${encoding} is not taken; send gzip, deflate, br or none.`);
  if (req.readableEnded || req.readableEncoding !== null)
    throw new Error('the body was read before the handler; set req.body to it, or let the handler read it');
  if (Number(length) > maxBytes) throw tooLong(maxBytes);
  return (req.body = parsed(await textOf(req, decode(req), maxBytes)));
}

function tooLong(maxBytes: number): RefusedBody {
  return new RefusedBody(413, `The body has more than ${maxBytes} bytes.`);
}

/** What was read so far, in one piece: a client may send it byte by byte. */
class Gathered {
  #bytes: Buffer = Buffer.alloc(0);
  length = 0;

  add(chunk: Buffer): void {
    const before = this.length;
    this.length += chunk.length;
    if (before === 0) {
      this.#bytes = chunk;
      return;
    }
    if (this.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.length);
      this.#bytes.copy(larger, 0, 0, before);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, before);
  }

  toString(): string {
    return this.#bytes.toString('utf8', 0, this.length);
  }
}

function textOf(req: IncomingMessage, source: Readable, maxBytes: number): Promise<string> {
  const gathered = new Gathered();
  let arrived = 0;
  return new Promise((resolve, reject) => {
    const refuse = (error: RefusedBody): void => {
      source.off('data', take);
      req.off('data', count);
      req.unpipe();
      req.pause();
      reject(error);
    };
    const count = ({ length }: Buffer): void => {
      arrived += length;
      if (arrived > maxBytes) refuse(tooLong(maxBytes));
    };
    const take = (chunk: Buffer): void => {
      gathered.add(chunk);
      if (gathered.length > maxBytes) refuse(tooLong(maxBytes));
    };
    const fail = ({ message }: Error): void =>
      refuse(new RefusedBody(400, `The body cannot be read: ${message}.`));
    source
      .on('data', take)
      .once('end', () => resolve(gathered.toString()))
      .on('error', fail);
    // What a decoder is fed with.
    if (source !== req) req.on('data', count).on('error', fail);
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
