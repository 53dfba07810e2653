/** `graphql-corral/yoga`: evidence and consistency in the answers of GraphQL Yoga and Envelop. Needs no package of either. */
export {
  cachePlugin,
  type EnvelopPlugin,
  type EnvelopPluginOptions,
  type ExecutionDone,
  type ExecutionListener,
  type ExecutionStarted,
} from './yoga-plugin.js';
