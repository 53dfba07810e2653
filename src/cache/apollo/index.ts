/** `graphql-corral/apollo`: what the plugin of `cache.apolloPlugin()` is told. Needs no package of Apollo. */
export {
  asksForEvidence,
  type ApolloPluginOptions,
  type CachePlugin,
  type RequestListener,
} from './apollo-plugin.js';
export type {
  ExecutedRequest,
  KeptResponse,
  OperationRequest,
  OverallCachePolicy,
  PluginRequest,
  PluginResponse,
  StartedRequest,
} from './plugin-requests.js';
export { nodeHandler, type NodeHandler, type NodeHandlerOptions } from './handlers/node-handler.js';
export {
  fastifyHandler,
  type FastifyHandler,
  type FastifyHandlerOptions,
  type FastifyReplyLike,
  type FastifyRequestLike,
} from './handlers/fastify-handler.js';
export type { InFrontOptions, ServerListener } from './in-front.js';
export type { AnsweringServer, HttpExecution } from './front.js';
export type { HttpRequest } from './http-operation.js';
export type { HttpAnswer } from './manner.js';
