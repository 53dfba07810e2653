/** `graphql-corral/types`: types that public signatures name, for those who must write them out: options in groups, counters, evidence, what a store and a journal are asked. No code. */
export type { Consistency } from '../coherence/acknowledgement.js';
export type { OtherStore, OthersSeen, OutboxOpenOptions, OutboxRow, Relayed } from '../outbox/outbox.js';
export type { RelayingOptions } from '../outbox/relay-options.js';
export type { ExplainedField, ExplainedOperation, Explanation } from '../directives/explain-operation.js';
export type { CacheTools, InspectedEntry } from '../cache-tools.js';
export type { CachedField } from '../apply-schema.js';
export type { WarmSetsGiven } from '../cache-options.js';
export type { CachedArguments, CachePattern } from '../policy/field-site.js';
export type { ApolloPluginOptions, CachePlugin, RequestListener } from '../apollo/apollo-plugin.js';
export type { PluginRequest, PluginResponse } from '../apollo/plugin-requests.js';
export type { DeadLetter } from '../journal/accepted-writes.js';
export type { FlushedWrite } from '../journal/flush-target.js';
export type {
  Accepted,
  BuriedWrite,
  ClaimedWrite,
  ClaimRequest,
  Doubt,
  JournalOpenOptions,
  JournalParts,
  JournalSize,
  PendingWrite,
  WriteName,
} from '../journal/journal.js';
export type { EvidenceOptions, EvidenceSource } from '../metrics/answer-evidence.js';
export type { BoundedBy } from '../metrics/bounded-writes.js';
export type { FieldCounters } from '../metrics/field-counters.js';
export type { CacheTimes } from '../metrics/counters.js';
export type { Histogram, TimesTaken } from '../metrics/histogram.js';
export type { FlushCounters } from '../metrics/flush-counters.js';
export type { ProbeCounters } from '../metrics/probe-counters.js';
export type { RegionFigures, RegionState, RegionWrites } from '../metrics/region-figures.js';
export type { ForgetReason, OutboxLag, RelayCounters, RelayState } from '../metrics/relay-counters.js';
export type { MemoCounters } from '../metrics/memo-counters.js';
export type { MemoOptions } from '../memo/memo-options.js';
export type { AnswerHead, AnswerMade, HttpCaching } from '../http/http-answers.js';
export type { HttpOptions, TagHeaderOptions } from '../http/http-options.js';
export type { AnswerHint } from '../codec/entry.js';
export type { Executed, ExecutionNotes } from '../memo/operation-memo.js';
export type { OperationGiven } from '../memo/operation-plans.js';
export type { Freshness } from '../memo/recording.js';
export type {
  CacheReport,
  FieldReport,
  JournalReport,
  MinuteReport,
  StoreReport,
} from '../report/cache-report.js';
export type { Figures, OutcomeCounts, Percentiles } from '../report/field-report.js';
export type { ReportOptions } from '../report/report-options.js';
export type { ShadowCounters } from '../metrics/shadow-counters.js';
export type {
  Outcome,
  ReadEntry,
  ReadLoad,
  ReadPlace,
  ReadsNoted,
  ResponsePath,
  TraceRecord,
  TraceReport,
} from '../metrics/trace.js';
export type { LoadBounds } from '../stampede/load-bounds.js';
export type { WarmVariants } from '../policy/warm-variants.js';
export type { MaybePromise } from '../maybe-promise.js';
export type { ViewerId } from '../vary/viewer-id.js';
export type { SwitchedOff } from '../policy/switch-off.js';
export type { PrefetchBounds } from '../warm/warm-bounds.js';
export type { ProbeOptions } from '../prober/probe-options.js';
export type { VaryValue, VaryValues } from '../keys/variant.js';
export type { RecordOptions } from '../record/record-options.js';
export type { ShadowOptions } from '../loads/shadow/shadow-options.js';
export type { Bounds } from '../store/bounded-map.js';
export type { Eviction } from '../store/eviction.js';
export type { Asked } from '../store/asked.js';
export type {
  Acquired,
  AskOptions,
  CaughtUp,
  EntryAddress,
  FigureChanges,
  Fill,
  FillOutcome,
  Holding,
  Intended,
  Intention,
  Lease,
  LeaseRequest,
  LogReading,
  OpenOptions,
  ProcessFigures,
  Put,
  PutOutcome,
  Reading,
  StoreHealth,
} from '../store/store.js';
