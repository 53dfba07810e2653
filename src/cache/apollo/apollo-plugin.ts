import type { BoundedBy } from '../metrics/bounded-writes.js';
import type { Trace } from '../metrics/trace.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';

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

export interface ApolloPluginOptions<Context> {
  /**
   * Whether this request is answered with `extensions.cache`. By default: with the header `x-cache-debug: 1`, except in
   * production.
   */
  readonly evidence?: (request: PluginRequest<Context>) => boolean;
}

const apolloPluginOptions = {
  evidence: true,
} satisfies Record<keyof ApolloPluginOptions<unknown>, true>;

/** @throws CacheError naming every option that does not exist or cannot be. */
export function checkApolloPlugin<Context>(options: ApolloPluginOptions<Context>): void {
  const faults = unknownOptions(options, apolloPluginOptions);
  const { evidence } = options;
  if (evidence !== undefined && typeof evidence !== 'function')
    faults.push('evidence must be a function of the request');
  refuseFaults('cache.apolloPlugin', faults);
}

/** True for requests with the header `x-cache-debug: 1`. */
export function asksForEvidence({ request }: PluginRequest<unknown>): boolean {
  return request.http?.headers.get('x-cache-debug') === '1';
}

export interface PluginParts<Context> {
  readonly evidence: (request: PluginRequest<Context>) => boolean;
  readonly startTrace: (context: object) => Trace;
  readonly boundedBy: (context: unknown) => BoundedBy | undefined;
}

/**
 * Adds to each answer the evidence, where the request may have it, and for everybody that a write was acknowledged
 * before its invalidation was known to be applied, with what was waited for in vain.
 */
export function createApolloPlugin<Context>({
  evidence,
  startTrace,
  boundedBy,
}: PluginParts<Context>): CachePlugin<Context> {
  const telling = (context: unknown, report?: () => object): RequestListener => ({
    willSendResponse: ({ response: { body } }) => {
      const because = boundedBy(context);
      if (report === undefined && because === undefined) return Promise.resolve();
      const cache = { ...report?.(), ...(because && { consistency: 'bounded', because }) };
      if (body.kind === 'single' && body.singleResult !== undefined) {
        body.singleResult.extensions = { ...body.singleResult.extensions, cache };
      }
      return Promise.resolve();
    },
  });
  return {
    requestDidStart: (request) => {
      const context: unknown = request.contextValue;
      if (typeof context !== 'object' || context === null) return Promise.resolve(undefined);
      if (!evidence(request)) return Promise.resolve(telling(context));
      const trace = startTrace(context);
      return Promise.resolve(telling(context, () => trace.report()));
    },
  };
}
