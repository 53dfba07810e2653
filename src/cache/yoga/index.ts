/** `graphql-corral/yoga`: evidence and consistency in the answers of GraphQL Yoga and Envelop. Needs no package of either. */
export type { BoundedBy } from '../metrics/bounded-writes.js';
export type { EvidenceOptions, EvidenceSource } from '../metrics/answer-evidence.js';
export type { Outcome, ResponsePath, Trace, TraceRecord, TraceReport } from '../metrics/trace.js';
export {
  cachePlugin,
  type EnvelopPlugin,
  type EnvelopPluginOptions,
  type ExecutionDone,
  type ExecutionListener,
  type ExecutionStarted,
} from './yoga-plugin.js';
