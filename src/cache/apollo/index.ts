/** `graphql-corral/apollo`: what the plugin of `cache.apolloPlugin()` is told. Needs no package of Apollo. */
export {
  asksForEvidence,
  type ApolloPluginOptions,
  type CachePlugin,
  type PluginRequest,
  type PluginResponse,
  type RequestListener,
} from './apollo-plugin.js';
