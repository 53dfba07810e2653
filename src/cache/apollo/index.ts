/** `graphql-corral/apollo`: what the plugin of `cache.apolloPlugin()` is told. Needs no package of Apollo. */
export {
  asksForEvidence,
  type KeptResponse,
  type ApolloPluginOptions,
  type CachePlugin,
  type OperationRequest,
  type OverallCachePolicy,
  type PluginRequest,
  type StartedRequest,
  type PluginResponse,
  type ExecutedRequest,
  type RequestListener,
} from './apollo-plugin.js';
export type { InFrontOptions, ServerListener } from './in-front.js';
export type { AnsweringServer, HttpExecution } from './front.js';
export type { HttpRequest } from './http-operation.js';
export type { HttpAnswer } from './manner.js';
