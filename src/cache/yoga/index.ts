/** `graphql-corral/yoga`: evidence and consistency in the answers of GraphQL Yoga and Envelop. Needs no package of either. */
export {
  cachePlugin,
  type EnvelopPlugin,
  type EnvelopPluginOptions,
  type EnvelopSource,
  type ExecutionDone,
  type ExecutionListener,
  type ExecutionStarted,
  type ResponseMade,
} from './yoga-plugin.js';
export type { ExecuteFn } from './kept-execution.js';
