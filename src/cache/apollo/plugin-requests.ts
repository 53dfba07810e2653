import type { DocumentNode, GraphQLSchema } from 'graphql';

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
