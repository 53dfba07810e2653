/** `graphql-corral/admin`: a schema part for those who look after a cache: reports, entries, explanations, purges, dead letters. */
export { cacheAdminTypeDefs } from './type-defs.js';
export {
  cacheAdminResolvers,
  type AdministeredCache,
  type CacheAdminOptions,
  type CacheAdminResolver,
  type CacheAdminResolvers,
} from './resolvers.js';
