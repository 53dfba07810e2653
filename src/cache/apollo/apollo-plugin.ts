import type { CacheLog } from '../log.js';
import { createObjectNotes } from '../object-notes.js';
import { answerJson } from '../memo/answer-data.js';
import {
  answersOf,
  asksForEvidence as asks,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
} from '../metrics/answer-evidence.js';
import { answeringFrom, type AnsweringInside, type AnsweringOptions } from './answering.js';
import type { AnsweringServer } from './front.js';
import { InFront, type InFrontOptions, type ServerListener } from './in-front.js';
import type {
  ExecutedRequest,
  KeptResponse,
  OperationRequest,
  PluginRequest,
  PluginResponse,
  StartedRequest,
} from './plugin-requests.js';
import { Turns } from '../time/end-of-turn.js';
import { writeHead } from './write-head.js';

/** A plugin for Apollo Server. It has no `willResolveField`, which would wrap every field of the schema for good. */
export interface CachePlugin<Context> {
  serverWillStart(): Promise<ServerListener | undefined>;
  /** Ends the notes of a request in which a plugin has thrown: no other hook is called for it then. */
  unexpectedErrorProcessingRequest(failed: { readonly requestContext: object }): Promise<void>;
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
export interface PluginSource extends EvidenceSource, AnsweringOptions {
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
  const turns = new Turns();
  const recorded = createObjectNotes<() => void>();
  const plugin: CachePlugin<Context> = {
    stringifyResult: (result) => `${answerJson(result)}\n`,
    answerInFrontOf: (server, given = {}) => inFront.set(server, given, plugin),
    serverWillStart: async () => inFront.start(),
    unexpectedErrorProcessingRequest: async ({ requestContext }) => recorded.get(requestContext)?.(),
    requestDidStart: async <Head>(request: StartedRequest<Context, Head>) => {
      await turns.wait();
      const turn = turns.begin();
      // Not when the server starts: until all plugins have started, they may put code around resolvers.
      if (isRead) plans.note(request.schema);
      const context: unknown = request.contextValue;
      if (typeof context !== 'object' || context === null) return undefined;
      const told = begin(request, context);
      const endFresh = http?.freshen(headersOf(request), context);
      const inside: AnsweringInside = {
        givenInside: (given) => inFront.givenInside(request.request.http, given),
        wasAsked: () => inFront.wasAsked(request.request.http),
      };
      const answering = isRead ? answeringFrom(cache, inside) : undefined;
      const listener: RequestListener<Context, Head> = {
        willSendResponse: (response) => {
          turns.end(turn);
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
      if (answering === undefined) return listener;
      listener.responseForOperation = async (operation) => {
        const kept = await answering.find(operation);
        // Only then: an execution that nothing listens to may take a shorter way.
        if (answering.isRecording()) {
          listener.executionDidStart = answering.executionDidStart;
          recorded.set(request, () => answering.end(undefined, false));
        }
        return kept;
      };
      return listener;
    },
  };
  return plugin;
}
