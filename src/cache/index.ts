/** `graphql-corral`: the cache, what it keeps in memory, and every type that a public signature names. Loads no optional package. */
export type { Consistency } from './coherence/acknowledgement.js';
export type { Outbox, OutboxOpenOptions, OutboxRow, Relayed } from './outbox/outbox.js';
export type { RelayingOptions } from './outbox/relay-options.js';
export { createCache, type Cache, type CacheStats, type CacheWarm, type CacheWrites } from './cache.js';
export type { CachedField } from './apply-schema.js';
export type { CacheOptions, WarmSetsGiven } from './cache-options.js';
export { cacheDirectives, cacheTypeDefs } from './directives/type-defs.js';
export type { CachedOptions, InvalidatesOptions } from './directives/code-first-options.js';
export type { CachedArguments, CachePattern } from './policy/field-site.js';
export type {
  ApolloPluginOptions,
  CachePlugin,
  PluginRequest,
  PluginResponse,
  RequestListener,
} from './apollo/apollo-plugin.js';
export { CacheError, errorCodes, type ErrorCode } from './errors.js';
export type { Clock } from './time/clock.js';
export type { CacheLog } from './log.js';
export { valueType, type ValueType } from './codec/value-type.js';
export type { DeadLetter } from './journal/accepted-writes.js';
export type { FlushedWrite } from './journal/flush-target.js';
export type {
  Accepted,
  BuriedWrite,
  ClaimedWrite,
  ClaimRequest,
  Doubt,
  Journal,
  JournalOpenOptions,
  JournalSize,
  PendingWrite,
  WriteName,
} from './journal/journal.js';
export { memoryJournal, type MemoryJournalOptions } from './journal/memory-journal.js';
export { adviseOn, type Advice, type FieldFigures } from './metrics/advice.js';
export type { EvidenceOptions, EvidenceSource } from './metrics/answer-evidence.js';
export type { BoundedBy } from './metrics/bounded-writes.js';
export type { FieldCounters } from './metrics/field-counters.js';
export type { FlushCounters } from './metrics/flush-counters.js';
export type { ProbeCounters } from './metrics/probe-counters.js';
export type { RelayCounters, RelayState } from './metrics/relay-counters.js';
export type { ShadowCounters } from './metrics/shadow-counters.js';
export type { Outcome, ResponsePath, Trace, TraceRecord, TraceReport } from './metrics/trace.js';
export type { LoadBounds } from './stampede/load-bounds.js';
export type { WarmVariants } from './policy/warm-variants.js';
export type { MaybePromise } from './maybe-promise.js';
export type { FetchOptions } from './patterns/fetch.js';
export type { Origin } from './loads/origin.js';
export type { ViewerId } from './vary/viewer-id.js';
export type { SwitchedOff } from './policy/switch-off.js';
export type { PrefetchBounds } from './warm/warm-bounds.js';
export type { ProbeOptions } from './prober/probe-options.js';
export type { VaryValue, VaryValues } from './keys/variant.js';
export type { ShadowOptions } from './loads/shadow/shadow-options.js';
export { keyComponent } from './keys/component.js';
export { nearestName } from './nearest-name.js';
export { memoryStore, type MemoryStoreOptions } from './store/memory-store.js';
export type { Bounds } from './store/bounded-map.js';
export type { Eviction } from './store/eviction.js';
export type { Asked } from './store/asked.js';
export type {
  Acquired,
  CaughtUp,
  EntryAddress,
  Fill,
  FillOutcome,
  Intended,
  Intention,
  Lease,
  LeaseRequest,
  LogReading,
  OpenOptions,
  Put,
  PutOutcome,
  Reading,
  Store,
} from './store/store.js';
