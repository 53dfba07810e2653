/** `graphql-corral/opentelemetry`: spans of reads, loads, invalidations, relay and flushes. Needs the package @opentelemetry/api. */
export { addCacheSpans, type CacheSpansOptions } from './cache-spans.js';
