/** `graphql-corral/prometheus`: the counters of a cache as metrics. Needs the package prom-client. */
export { addCacheMetrics, type CountedCache } from './cache-metrics.js';
