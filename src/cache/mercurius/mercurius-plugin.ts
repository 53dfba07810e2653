import type { DocumentNode, GraphQLSchema } from 'graphql';
import { CacheError } from '../errors.js';
import { NO_STORE } from '../http/cache-control.js';
import { followAnswer, type FollowedAnswer } from '../http/followed-answer.js';
import type { AnswerHead, HttpCaching } from '../http/http-answers.js';
import { operationIn } from '../memo/operation-in.js';
import {
  answersOf,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
  type Told,
} from '../metrics/answer-evidence.js';

/** What the plugin reads of a cache. */
export interface MercuriusSource extends EvidenceSource {
  readonly http?: HttpCaching | undefined;
}

/** A plugin for Fastify, to be registered after Mercurius. */
export type MercuriusPlugin = (app: object) => Promise<void>;

/** What `cachePlugin` is told; `evidence` is asked with the context of the request. */
export type MercuriusPluginOptions<Context> = EvidenceOptions<Context>;

/** What the plugin calls of Mercurius; both hooks leave its JIT on, as they change neither schema nor document. */
interface Hooks {
  addHook(
    name: 'preExecution',
    hook: (schema: GraphQLSchema, document: DocumentNode, context: object) => Promise<void>,
  ): void;
  addHook(name: 'onResolution', hook: (answer: Answer, context: object) => Promise<void>): void;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: unknown;
  extensions?: Record<string, unknown>;
}

/**
 * Adds `extensions.cache` to the answers of Mercurius: the evidence, where the request may have it, and to every request that
 * a write of it was acknowledged as `bounded`; and writes the headers of the option `http` on the routes of Mercurius itself, not
 * where another route calls `reply.graphql()`. Caching works without it. Events of subscriptions are left as they are.
 * @throws CacheError naming every option that does not exist or cannot be; the plugin rejects with one where it is registered
 * before Mercurius.
 */
export function cachePlugin<Context>(
  cache: MercuriusSource,
  options: MercuriusPluginOptions<Context> = {},
): MercuriusPlugin {
  const { begin } = answersOf<Context>(cache, {
    call: 'cachePlugin',
    options,
    argument: 'context',
    headersOf,
  });
  const { http } = cache;
  const begun = new WeakMap<object, { readonly told: Told; readonly answer: FollowedAnswer | undefined }>();
  const replies = new ReplyHeads();
  return async (app) => {
    const hooks: unknown = Reflect.get(app, 'graphql');
    if (!hasHooks(hooks)) {
      throw new CacheError(
        'CACHE_CONFIGURATION',
        'cachePlugin: Mercurius is not there; register mercurius before this plugin',
      );
    }
    hooks.addHook('preExecution', async (schema, document, context) => {
      // The context of a server is what its owner says it is.
      const told = begin(context as Context, context);
      // Which one it is of several is not told here.
      const operation = isAlone(context) ? operationIn(schema, document, undefined) : undefined;
      const method = reach(context, ['reply', 'request', 'method']);
      const reply = reach(context, ['reply']);
      if (http !== undefined && isReply(reply)) replies.begin(reply);
      const answer =
        http &&
        followAnswer(http, {
          operation,
          context,
          headers: headersOf(context),
          method: typeof method === 'string' ? method : undefined,
        });
      answer?.begin();
      begun.set(context, { told, answer });
      await Promise.resolve();
    });
    hooks.addHook('onResolution', async (answer, context) => {
      const { told, answer: followed } = begun.get(context) ?? {};
      const cached = told?.();
      if (cached !== undefined) answer.extensions = withCache(answer.extensions, cached);
      const reply = reach(context, ['reply']);
      if (followed !== undefined) {
        const isSpecial =
          !isReply(reply) || reply.statusCode !== 200 || reply.getHeader('set-cookie') !== undefined;
        const head = followed.end(answer, isSpecial);
        if (isReply(reply) && isOfOwnRoute(reply, context)) replies.end(reply, head);
      }
      await Promise.resolve();
    });
    await Promise.resolve();
  };
}

function hasHooks(hooks: unknown): hooks is Hooks {
  // It is a function with members.
  return typeof hooks === 'function' && 'addHook' in hooks;
}

/** As much of a reply of Fastify as is used. */
interface Reply {
  readonly statusCode: number;
  getHeader(name: string): unknown;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  code(status: number): unknown;
}

function isReply(reply: unknown): reply is Reply {
  return typeof reply === 'object' && reply !== null && 'getHeader' in reply;
}

/**
 * Whether the answer of an operation is all of the reply: Mercurius keeps the context of an operation in the request where a route
 * of its own has it executed. `reply.graphql()` in any other route makes a part of a page, of which only that route knows the rest.
 */
function isOfOwnRoute(reply: Reply, context: object): boolean {
  const request = reach(reply, ['request']);
  if (typeof request !== 'object' || request === null) return false;
  // One of several operations in one request has a context that is made of it.
  const contexts: readonly unknown[] = [context, Object.getPrototypeOf(context)];
  return Reflect.ownKeys(request).some((name) => contexts.includes(Reflect.get(request, name)));
}

/** What is said of replies; of several operations that are answered with one, nothing is known. */
class ReplyHeads {
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
function isAlone(context: object): boolean {
  const count: unknown = Reflect.get(context, 'operationsCount');
  return count === undefined || count === 1;
}

/** Mercurius puts the reply of Fastify into the context, which knows its request. */
function headersOf(context: unknown): unknown {
  return reach(context, ['reply', 'request', 'headers']);
}

function reach(context: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (holder, name) => (typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined),
    context,
  );
}
