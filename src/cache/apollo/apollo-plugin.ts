import type { DocumentNode, GraphQLSchema } from 'graphql';
import { isPromise } from '../maybe-promise.js';
import type { HttpCaching } from '../http/http-answers.js';
import type { CacheLog } from '../log.js';
import { operationIn } from '../memo/operation-in.js';
import type { Executed, ExecutionNotes, KeptAnswer, OperationMemo, Sight } from '../memo/operation-memo.js';
import type { OperationGiven, OperationPlan, OperationPlans } from '../memo/operation-plans.js';
import type { Freshness } from '../memo/recording.js';
import {
  answersOf,
  asksForEvidence as asks,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
} from '../metrics/answer-evidence.js';
import { answerData, answerJson, keptAnswerOf } from '../memo/answer-data.js';
import { headOf } from './answer-head.js';
import type { AnsweringServer, GivenInside } from './front.js';
import { InFront, type InFrontOptions, type ServerListener } from './in-front.js';

/** What the plugin reads of a request; any Apollo Server 4 or 5 request fits. */
export interface PluginRequest<Context> {
  readonly request: {
    readonly http?:
      { readonly method?: string; readonly headers: { get(name: string): string | undefined } } | undefined;
    readonly variables?: Readonly<Record<string, unknown>> | undefined;
    readonly operationName?: string | undefined;
  };
  readonly contextValue: Context;
}

/** A request that was parsed and validated, with what its answer begins with. */
export interface OperationRequest<Context, Head> extends PluginRequest<Context> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly response: { readonly http: Head };
}

/** What the fields of an answer said to caches of whole answers. */
export interface OverallCachePolicy {
  readonly maxAge?: number | undefined;
  readonly scope?: 'PUBLIC' | 'PRIVATE' | undefined;
  policyIfCacheable(): unknown;
}

/** What the plugin reads and adds to of an answer. */
export interface PluginResponse {
  readonly request?: PluginRequest<unknown>['request'];
  readonly schema?: GraphQLSchema | undefined;
  readonly document?: DocumentNode | undefined;
  readonly overallCachePolicy?: OverallCachePolicy;
  /** Whether it is one of several operations in one request. */
  readonly requestIsBatched?: boolean;
  readonly response: {
    readonly http?: {
      status?: number | undefined;
      readonly headers: { get(name: string): string | undefined; set(name: string, value: string): unknown };
    };
    readonly body: {
      readonly kind: string;
      readonly singleResult?: {
        data?: Record<string, unknown> | null;
        errors?: unknown;
        extensions?: Record<string, unknown>;
      };
    };
  };
}

/** An answer that was kept. */
export interface KeptResponse<Head> {
  readonly http: Head;
  readonly body: {
    readonly kind: 'single';
    readonly singleResult: { readonly data: Record<string, unknown> };
  };
}

/** A request that is executed; its answer is there when that has ended. */
export interface ExecutedRequest extends PluginRequest<unknown> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly overallCachePolicy?: PluginResponse['overallCachePolicy'];
  readonly response: Partial<PluginResponse['response']>;
}

/** A request that has come in. */
export interface StartedRequest<Context, Head> extends PluginRequest<Context> {
  readonly schema: GraphQLSchema;
  readonly response: { readonly http: Head };
}

/** A plugin for Apollo Server. It has no `willResolveField`, which would wrap every field of the schema for good. */
export interface CachePlugin<Context> {
  serverWillStart(): Promise<ServerListener | undefined>;
  requestDidStart<Head>(
    request: StartedRequest<Context, Head>,
  ): Promise<RequestListener<Context, Head> | undefined>;
  /**
   * Writes an answer as Apollo Server does by default, and one that was kept as the text that it was kept as: pass it to the
   * server as `stringifyResult`, and such an answer is not made into text again. Without it everything works all the same.
   */
  readonly stringifyResult: (result: object) => string;
  /**
   * Has answers of the operation memo given in front of a server, before it begins with a request; its context is made all the
   * same. To be called with the server that has this plugin, before it starts. Does nothing where the cache has no memo.
   * @returns the same server.
   * @throws CacheError for an option that does not exist or cannot be, and where it was called before or comes too late.
   */
  answerInFrontOf<Server extends AnsweringServer>(server: Server, options?: InFrontOptions): Server;
}

/** What the plugin does during a request. */
export interface RequestListener<Context, Head> {
  /** There where the cache has the option `memo` or `http`. */
  responseForOperation?(request: OperationRequest<Context, Head>): Promise<KeptResponse<Head> | null>;
  /** There where the answer is to be kept. */
  executionDidStart?(
    request: ExecutedRequest,
  ): Promise<{ executionDidEnd(error?: unknown): Promise<void> } | undefined>;
  willSendResponse(response: PluginResponse): Promise<void>;
}

/** What `cache.apolloPlugin` is told. */
export type ApolloPluginOptions<Context> = EvidenceOptions<PluginRequest<Context>>;

/** What the plugin is made of. */
export interface PluginSource extends EvidenceSource {
  readonly plans: OperationPlans;
  readonly memo: OperationMemo | undefined;
  readonly http: HttpCaching | undefined;
  readonly log: CacheLog;
}

/** True for requests with the header `x-cache-debug: 1`. */
export function asksForEvidence({ request }: PluginRequest<unknown>): boolean {
  return asks(headersOf({ request }));
}

function headersOf({ request }: Pick<PluginRequest<unknown>, 'request'>): unknown {
  return request.http?.headers;
}

/** @throws CacheError naming every option that does not exist or cannot be. */
export function createApolloPlugin<Context>(
  cache: PluginSource,
  options: ApolloPluginOptions<Context>,
): CachePlugin<Context> {
  const { begin, hasEvidence } = answersOf(cache, {
    ...{ call: 'cache.apolloPlugin', options, argument: 'request', headersOf },
  });
  const { plans, memo, http } = cache;
  const isRead = memo !== undefined || http !== undefined;
  const { timeOperation } = cache.stats;
  const inFront = new InFront({
    ...{ memo, http, log: cache.log, timeOperation },
    // What makes the contexts of a server makes those of its plugins.
    hasEvidence: (request, context) => hasEvidence({ request, contextValue: context as Context }),
  });
  const plugin: CachePlugin<Context> = {
    stringifyResult: (result) => `${answerJson(result)}\n`,
    answerInFrontOf: (server, given = {}) => inFront.set(server, given, plugin),
    serverWillStart: () => Promise.resolve(inFront.start()),
    requestDidStart: <Head>(request: StartedRequest<Context, Head>) => {
      // Not when the server starts: until all plugins have started, they may put code around resolvers.
      if (isRead) plans.note(request.schema);
      const context: unknown = request.contextValue;
      if (typeof context !== 'object' || context === null) return Promise.resolve(undefined);
      const told = begin(request, context);
      const endFresh = http?.freshen(headersOf(request), context);
      const givenInside = (given: GivenInside): void => inFront.givenInside(request.request.http, given);
      const answering = isRead ? answeringFrom(cache, givenInside) : undefined;
      const listener: RequestListener<Context, Head> = {
        willSendResponse: (response) => {
          const { body } = response.response;
          const result = body.kind === 'single' ? body.singleResult : undefined;
          answering?.end(undefined, false);
          endFresh?.();
          const cached = told();
          if (result && cached) result.extensions = withCache(result.extensions, cached);
          if (http !== undefined) writeHead(http, response, answering?.freshness());
          return Promise.resolve();
        },
      };
      if (answering === undefined) return Promise.resolve(listener);
      listener.responseForOperation = async (operation) => {
        const kept = await answering.find(operation);
        // Only then: an execution that nothing listens to may take a shorter way.
        if (answering.isRecording()) listener.executionDidStart = answering.executionDidStart;
        return kept;
      };
      return Promise.resolve(listener);
    },
  };
  return plugin;
}

/** What Apollo Server executes for a request, as its plugins have left it. Its own `operation` is that of the document as it was parsed. */
function operationOf({
  schema,
  document,
  request,
}: Pick<PluginResponse, 'schema' | 'document' | 'request'>): OperationGiven | undefined {
  return schema && document && operationIn(schema, document, request?.operationName);
}

/** What was found out of a request before its execution. */
interface Seen {
  readonly context: object;
  readonly plan: OperationPlan | undefined;
  readonly sight: Sight | undefined;
}

/** Answers one request as it was answered before, or takes notes of how it is answered. */
function answeringFrom(
  { plans, memo, http }: Pick<PluginSource, 'plans' | 'memo' | 'http'>,
  givenInside: (given: GivenInside) => void,
) {
  let notes: ExecutionNotes | undefined;
  let seen: Seen | undefined;
  let isUnderWay = false;
  let freshness: Freshness | undefined;
  const end = (result: Executed | undefined, isSame: boolean): void => {
    if (!isUnderWay) return;
    isUnderWay = false;
    notes?.end(isSame ? result : undefined);
    if (http !== undefined && isSame) freshness = notes?.freshness();
  };
  /** Whether a request is executed as it was seen: plugins may change it after this one has looked at it. */
  const isAsSeen = (request: ExecutedRequest): boolean => {
    const given = operationOf(request);
    if (seen === undefined || given === undefined) return false;
    const { context, plan, sight } = seen;
    if (request.contextValue !== context || plans.of(given) !== plan) return false;
    return sight === undefined || memo?.isStill(sight, request.request.variables) === true;
  };
  return {
    find: async <Head>(request: OperationRequest<unknown, Head>): Promise<KeptResponse<Head> | null> => {
      // Another plugin may have put it in place of the first.
      const { contextValue: context } = request;
      const operation = operationOf(request);
      if (typeof context !== 'object' || context === null || operation === undefined) return null;
      const sight = memo?.sight({ ...operation, variables: request.request.variables, context });
      const kept = sight && memo?.find(sight);
      // What can be answered now is, without one more turn of the event loop.
      const answer: KeptAnswer | undefined = isPromise(kept) ? await kept : kept;
      if (answer === undefined) {
        notes = (sight && memo?.record(sight)) ?? http?.follow(operation, context);
        isUnderWay = notes !== undefined;
        if (isUnderWay) seen = { context, plan: plans.of(operation), sight };
        return null;
      }
      freshness = answer.made;
      givenInside({ operation, answer });
      const { http: head } = request.response;
      return { http: head, body: { kind: 'single', singleResult: { data: answerData(answer) } } };
    },
    /** Takes the answer as the execution made it: what other plugins make of it is for one viewer. */
    executionDidStart: async (request: ExecutedRequest) => {
      if (!isUnderWay) return undefined;
      return {
        executionDidEnd: async (error?: unknown): Promise<void> => {
          const { overallCachePolicy, response } = request;
          const { body } = response;
          // A kept answer would tell caches in front of the server nothing of what its fields say to them.
          const isForOthers =
            http === undefined
              ? overallCachePolicy?.policyIfCacheable() != null
              : overallCachePolicy?.maxAge !== undefined;
          const result =
            error === undefined && !isForOthers && body?.kind === 'single' ? body.singleResult : undefined;
          end(result, isAsSeen(request));
        },
      };
    },
    isRecording: () => isUnderWay,
    end,
    freshness: () => freshness,
  };
}

/** Says over HTTP what is to be said of an answer. */
function writeHead(http: HttpCaching, answered: PluginResponse, freshness: Freshness | undefined): void {
  const { request, overallCachePolicy, response } = answered;
  const { http: head, body } = response;
  if (head === undefined) return;
  const result = body.kind === 'single' ? body.singleResult : undefined;
  const { headers } = head;
  const { headers: said, isUnmodified } = headOf(http, {
    // The answers of a batch have one head, and each says what holds for all of them.
    operation: answered.requestIsBatched === true ? undefined : operationOf(answered),
    result,
    freshness,
    kept: result?.data ? keptAnswerOf(result.data) : undefined,
    isSpecial: (head.status ?? 200) !== 200 || headers.get('set-cookie') !== undefined,
    hint: overallCachePolicy,
    method: request?.http?.method,
    headers: request?.http?.headers,
  });
  for (const [name, value] of said) {
    const before = name === 'vary' ? headers.get(name) : undefined;
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  // The body stays, for its length; the server does not send it.
  if (isUnmodified) head.status = 304;
}
