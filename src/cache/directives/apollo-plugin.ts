import type { Trace } from '../metrics/trace.js';

/** What the plugin reads of a request; any Apollo Server 4 or 5 request fits. */
export interface PluginRequest<Context> {
  readonly request: {
    readonly http?: { readonly headers: { get(name: string): string | undefined } } | undefined;
  };
  readonly contextValue: Context;
}

interface PluginResponse {
  readonly response: {
    readonly body: {
      readonly kind: string;
      readonly singleResult?: { extensions?: Record<string, unknown> };
    };
  };
}

/** A plugin for Apollo Server. It has no `willResolveField`, which would wrap every field of the schema for good. */
export interface CachePlugin<Context> {
  requestDidStart(request: PluginRequest<Context>): Promise<
    | undefined
    | {
        willSendResponse(response: PluginResponse): Promise<void>;
      }
  >;
}

export interface ApolloPluginOptions<Context> {
  /**
   * Whether this request is answered with `extensions.cache`. By default: with the header `x-cache-debug: 1`, except in
   * production.
   */
  readonly evidence?: (request: PluginRequest<Context>) => boolean;
}

/** True for requests with the header `x-cache-debug: 1`. */
export function asksForEvidence({ request }: PluginRequest<unknown>): boolean {
  return request.http?.headers.get('x-cache-debug') === '1';
}

/** Adds the evidence of each request that may have it to its answer. */
export function createApolloPlugin<Context>(
  evidence: (request: PluginRequest<Context>) => boolean,
  startTrace: (context: object) => Trace,
): CachePlugin<Context> {
  return {
    requestDidStart: (request) => {
      const context: unknown = request.contextValue;
      if (typeof context !== 'object' || context === null || !evidence(request))
        return Promise.resolve(undefined);
      const trace = startTrace(context);
      return Promise.resolve({
        willSendResponse: ({ response: { body } }) => {
          if (body.kind === 'single' && body.singleResult !== undefined) {
            body.singleResult.extensions = { ...body.singleResult.extensions, cache: trace.report() };
          }
          return Promise.resolve();
        },
      });
    },
  };
}
