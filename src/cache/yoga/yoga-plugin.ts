import type { DocumentNode, GraphQLSchema } from 'graphql';
import { NO_STORE } from '../http/cache-control.js';
import { followAnswer, type FollowedAnswer } from '../http/followed-answer.js';
import type { AnswerHead, HttpCaching } from '../http/http-answers.js';
import type { OperationGiven } from '../memo/operation-plans.js';
import { memoOf } from '../memo/memo-of.js';
import {
  answersOf,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
} from '../metrics/answer-evidence.js';
import { isPlainExecutor } from '../plain-executors.js';
import { Turns } from '../time/end-of-turn.js';
import { keptExecution, operationOf, type ExecuteFn, type FollowedOf } from './kept-execution.js';

/** What the plugin reads of a cache. */
export interface EnvelopSource extends EvidenceSource {
  readonly http?: HttpCaching | undefined;
}

/** A plugin for Envelop, and so for GraphQL Yoga. It replaces no schema and wraps no resolver. */
export interface EnvelopPlugin {
  onExecute(started: ExecutionStarted): ExecutionListener | undefined;
  /** Yoga's. */
  onParams(given: { readonly request: object }): Promise<void>;
  /** Yoga's: there where the cache has the option `http`. */
  onResponse?(answered: ResponseMade): undefined;
}

/** What the plugin reads of an execution that begins. */
export interface ExecutionStarted {
  readonly args: {
    readonly contextValue?: unknown;
    readonly schema?: GraphQLSchema;
    readonly document?: DocumentNode;
    readonly operationName?: string | null | undefined;
    readonly fieldResolver?: unknown;
    readonly typeResolver?: unknown;
  };
  readonly executeFn: ExecuteFn;
  setExecuteFn(execute: ExecuteFn): void;
}

/** What the plugin does at the end of an execution. */
export interface ExecutionListener {
  onExecuteDone(done: ExecutionDone): undefined;
}

/** What the plugin reads of an answer, and how it adds to it. */
export interface ExecutionDone {
  readonly result: object;
  setResult(result: object): void;
}

/** What the plugin reads of a response of Yoga, and how it replaces it. */
export interface ResponseMade {
  readonly request: object;
  readonly response: Response;
  setResponse(response: Response): void;
}

/** What `cachePlugin` is told; `evidence` is asked with the context of the request. */
export type EnvelopPluginOptions<Context> = EvidenceOptions<Context>;

/**
 * Adds `extensions.cache` to the answers of GraphQL Yoga, or of another server on Envelop: the evidence, where the request may
 * have it, and to every request that a write of it was acknowledged as `bounded`. In Yoga it writes the headers of the option
 * `http` too. Caching works without it. Answers that come in parts (`@defer`, subscriptions) are left as they are.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function cachePlugin<Context>(
  cache: EnvelopSource,
  options: EnvelopPluginOptions<Context> = {},
): EnvelopPlugin {
  const { begin } = answersOf<Context>(cache, {
    call: 'cachePlugin',
    options,
    argument: 'context',
    headersOf,
  });
  const { http } = cache;
  const heads = new Heads();
  const turns = new Turns();
  const followed = new WeakMap<object, FollowedAnswer>();
  const execution = executionOf(cache, (context) => {
    return typeof context === 'object' && context !== null ? followed.get(context) : undefined;
  });
  return {
    onExecute: ({ args, executeFn, setExecuteFn }) => {
      const { contextValue: context } = args;
      const kept = execution(executeFn);
      if (kept !== undefined) setExecuteFn(kept);
      if (typeof context !== 'object' || context === null) return undefined;
      // The context of a server is what its owner says it is.
      const told = begin(context as Context, context);
      const turn = turns.begin();
      const request = http && requestIn(context);
      const method: unknown = request && Reflect.get(request, 'method');
      const operation = http && operationOf(args);
      const answer =
        http &&
        followAnswer(http, {
          operation,
          context,
          headers: request && Reflect.get(request, 'headers'),
          method: typeof method === 'string' ? method : undefined,
        });
      if (answer !== undefined && kept === undefined) answer.begin();
      else if (answer !== undefined) followed.set(context, answer);
      return {
        onExecuteDone: ({ result, setResult }) => {
          turns.end(turn);
          const isWhole = !(Symbol.asyncIterator in result);
          const cached = isWhole ? told() : undefined;
          const extended = cached && { ...result, extensions: withCache(extensionsOf(result), cached) };
          if (extended !== undefined) setResult(extended);
          // A plugin after this one may have changed what is executed: then nothing is known of the answer.
          const isSame = answer !== undefined && isSameOperation(operation, operationOf(args));
          const head = answer?.end(isWhole && isSame ? (extended ?? result) : undefined, false);
          if (head !== undefined && request !== undefined) heads.made(request, head);
        },
      };
    },
    onParams: async ({ request }) => {
      if (http !== undefined) heads.asked(request);
      await turns.wait();
    },
    ...(http && {
      onResponse: ({ request, response, setResponse }) => {
        const head = heads.of(request);
        if (head === undefined) return;
        const told = withHead(response, head);
        if (told !== response) setResponse(told);
      },
    }),
  };
}

function isSameOperation(one: OperationGiven | undefined, other: OperationGiven | undefined): boolean {
  return (
    one?.schema === other?.schema && one?.document === other?.document && one?.operation === other?.operation
  );
}

/** What makes the executor that is set in place of another one; that makes undefined where that one stays. */
function executionOf(cache: object, followedOf: FollowedOf): (execute: ExecuteFn) => ExecuteFn | undefined {
  const memo = memoOf(cache);
  if (memo === undefined) return () => undefined;
  const executors = new WeakMap<ExecuteFn, ExecuteFn>();
  return (execute) => {
    if (!isPlainExecutor(execute)) return undefined;
    const known = executors.get(execute) ?? keptExecution(memo, execute, followedOf);
    executors.set(execute, known);
    return known;
  };
}

const UNTOLD: AnswerHead = Object.freeze({
  headers: new Map([['cache-control', NO_STORE]]),
  isUnmodified: false,
});

/** What is said of the answers of requests; of several operations in one request, and of those that were not executed, nothing is known. */
class Heads {
  readonly #heads = new WeakMap<object, { operations: number; head: AnswerHead }>();

  asked(request: object): void {
    const operations = (this.#heads.get(request)?.operations ?? 0) + 1;
    this.#heads.set(request, { operations, head: UNTOLD });
  }

  made(request: object, head: AnswerHead): void {
    if (this.#heads.get(request)?.operations === 1) this.#heads.set(request, { operations: 1, head });
  }

  of(request: object): AnswerHead | undefined {
    return this.#heads.get(request)?.head;
  }
}

/**
 * The response with what is said of it; what is no ordinary one is kept nowhere. It is the one that was given wherever that can be
 * said of it: Yoga's own stops what makes a response of many parts where its client leaves, and others do not.
 */
function withHead(response: Response, { headers: said, isUnmodified }: AnswerHead): Response {
  const isSpecial = response.status !== 200 || response.headers.get('set-cookie') !== null;
  if (isUnmodified && !isSpecial) {
    const headers = new Headers(response.headers);
    say(headers, said);
    headers.delete('content-length');
    return new Response(null, { status: 304, headers });
  }
  const about = isSpecial ? UNTOLD.headers : said;
  try {
    say(response.headers, about);
    return response;
  } catch {
    // What was fetched from another server cannot be changed.
    const { body, status, statusText } = response;
    const headers = new Headers(response.headers);
    say(headers, about);
    return new Response(body, { status, statusText, headers });
  }
}

function say(headers: Headers, said: AnswerHead['headers']): void {
  for (const [name, value] of said) {
    if (name === 'vary') headers.append(name, value);
    else {
      // Headers of Yoga write what is set first into the object that they were made of, which others may share.
      headers.delete(name);
      headers.set(name, value);
    }
  }
}

function extensionsOf(result: object): object | undefined {
  return (result as { readonly extensions?: object }).extensions;
}

/** Yoga puts the request into the context as `request`; a server on Node.js has it there as `req`. */
function requestIn(context: object): object | undefined {
  const holder: unknown = Reflect.get(context, 'request') ?? Reflect.get(context, 'req');
  return typeof holder === 'object' && holder !== null ? holder : undefined;
}

function headersOf(context: unknown): unknown {
  const request = typeof context === 'object' && context !== null ? requestIn(context) : undefined;
  return request && Reflect.get(request, 'headers');
}
