/** `graphql-corral/dashboard`: a page that shows and steers a cache, for servers on `node:http`, Express and Fastify. It needs no package. */
export { cacheDashboard, type CacheDashboard, type ShownCache } from './dashboard.js';
export type { CacheDashboardOptions, Credentials, SignedIn } from './dashboard-options.js';
