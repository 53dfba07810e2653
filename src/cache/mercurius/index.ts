/** `graphql-corral/mercurius`: evidence and consistency in the answers of Mercurius. Needs no package of Mercurius or Fastify. */
export {
  cachePlugin,
  type MercuriusPlugin,
  type MercuriusPluginOptions,
  type MercuriusSource,
} from './mercurius-plugin.js';
