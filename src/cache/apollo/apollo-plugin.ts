import {
  answersOf,
  asksForEvidence as asks,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
} from '../metrics/answer-evidence.js';

/** What the plugin reads of a request; any Apollo Server 4 or 5 request fits. */
export interface PluginRequest<Context> {
  readonly request: {
    readonly http?: { readonly headers: { get(name: string): string | undefined } } | undefined;
  };
  readonly contextValue: Context;
}

/** What the plugin reads and adds to of an answer. */
export interface PluginResponse {
  readonly response: {
    readonly body: {
      readonly kind: string;
      readonly singleResult?: { extensions?: Record<string, unknown> };
    };
  };
}

/** A plugin for Apollo Server. It has no `willResolveField`, which would wrap every field of the schema for good. */
export interface CachePlugin<Context> {
  requestDidStart(request: PluginRequest<Context>): Promise<RequestListener | undefined>;
}

/** What the plugin does at the end of a request. */
export interface RequestListener {
  willSendResponse(response: PluginResponse): Promise<void>;
}

/** What `cache.apolloPlugin` is told. */
export type ApolloPluginOptions<Context> = EvidenceOptions<PluginRequest<Context>>;

/** True for requests with the header `x-cache-debug: 1`. */
export function asksForEvidence({ request }: PluginRequest<unknown>): boolean {
  return asks(headersOf({ request }));
}

function headersOf({ request }: Pick<PluginRequest<unknown>, 'request'>): unknown {
  return request.http?.headers;
}

/** @throws CacheError naming every option that does not exist or cannot be. */
export function createApolloPlugin<Context>(
  cache: EvidenceSource,
  options: ApolloPluginOptions<Context>,
): CachePlugin<Context> {
  const begin = answersOf(cache, { call: 'cache.apolloPlugin', options, argument: 'request', headersOf });
  return {
    requestDidStart: (request) => {
      const context: unknown = request.contextValue;
      if (typeof context !== 'object' || context === null) return Promise.resolve(undefined);
      const told = begin(request, context);
      return Promise.resolve({
        willSendResponse: ({ response: { body } }) => {
          const result = body.kind === 'single' ? body.singleResult : undefined;
          const cached = told();
          if (result && cached) result.extensions = withCache(result.extensions, cached);
          return Promise.resolve();
        },
      });
    },
  };
}
