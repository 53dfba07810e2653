/** `graphql-corral/mercurius`: evidence and consistency in the answers of Mercurius. Needs no package of Mercurius or Fastify. */
export type { BoundedBy } from '../metrics/bounded-writes.js';
export type { EvidenceOptions, EvidenceSource } from '../metrics/answer-evidence.js';
export type { Outcome, ResponsePath, Trace, TraceRecord, TraceReport } from '../metrics/trace.js';
export { cachePlugin, type MercuriusPlugin, type MercuriusPluginOptions } from './mercurius-plugin.js';
