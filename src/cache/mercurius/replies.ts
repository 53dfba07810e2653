import { NO_STORE } from '../http/cache-control.js';
import type { AnswerHead } from '../http/http-answers.js';

/** As much of a reply of Fastify as is used. */
export interface Reply {
  readonly statusCode: number;
  getHeader(name: string): unknown;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  code(status: number): unknown;
}

export function isReply(reply: unknown): reply is Reply {
  return typeof reply === 'object' && reply !== null && 'getHeader' in reply;
}

/** The name of what Mercurius keeps the context of an operation under, in a request of its own routes. */
const CONTEXT = 'mercurius.requestContext';

/**
 * Whether the answer of an operation is all of the reply: Mercurius keeps the context of an operation in the request where a route
 * of its own has it executed. `reply.graphql()` in any other route makes a part of a page, of which only that route knows the rest.
 */
export function isOfOwnRoute(reply: Reply, context: object): boolean {
  const request = reach(reply, ['request']);
  if (typeof request !== 'object' || request === null) return false;
  const name = Reflect.ownKeys(request).find((key) => typeof key === 'symbol' && key.description === CONTEXT);
  if (name === undefined) return false;
  // One of several operations in one request has a context that is made of it.
  const kept: unknown = isAlone(context) ? context : Reflect.getPrototypeOf(context);
  return kept !== null && Reflect.get(request, name) === kept;
}

/** What is said of replies; of several operations that are answered with one, nothing is known. */
export class ReplyHeads {
  readonly #replies = new WeakMap<object, { operations: number; written: AnswerHead | undefined }>();

  begin(reply: Reply): void {
    const known = this.#replies.get(reply);
    if (known === undefined) {
      this.#replies.set(reply, { operations: 1, written: undefined });
      return;
    }
    known.operations += 1;
    if (known.written !== undefined) withdraw(reply, known.written);
    known.written = undefined;
  }

  end(reply: Reply, head: AnswerHead): void {
    const known = this.#replies.get(reply);
    if (known === undefined) return;
    if (known.operations > 1) {
      reply.header('cache-control', NO_STORE);
      return;
    }
    write(reply, head);
    known.written = head;
  }
}

/** Says over HTTP what is to be said of an answer. Fastify sends no body with 304. */
function write(reply: Reply, { headers, isUnmodified }: AnswerHead): void {
  for (const [name, value] of headers) {
    const before = name === 'vary' ? reply.getHeader(name) : undefined;
    reply.header(name, typeof before === 'string' ? `${before}, ${value}` : value);
  }
  if (isUnmodified) reply.code(304);
}

/** What was said of one answer does not hold for the reply, which gets another one as well. */
function withdraw(reply: Reply, { headers, isUnmodified }: AnswerHead): void {
  for (const name of headers.keys()) if (name !== 'vary') reply.removeHeader(name);
  reply.header('cache-control', NO_STORE);
  if (isUnmodified) reply.code(200);
}

/** False for one of several operations in one request. */
export function isAlone(context: object): boolean {
  const count: unknown = Reflect.get(context, 'operationsCount');
  return count === undefined || count === 1;
}

/** Mercurius puts the reply of Fastify into the context, which knows its request. */
export function headersOf(context: unknown): unknown {
  return reach(context, ['reply', 'request', 'headers']);
}

export function reach(context: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (holder, name) => (typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined),
    context,
  );
}
