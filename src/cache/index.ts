/** `graphql-corral`: the cache and what it keeps in memory. Loads no optional package. The types that signatures name besides are in `graphql-corral/types`. */
export type { Outbox } from './outbox/outbox.js';
export { createCache, type Cache, type CacheStats, type CacheWarm, type CacheWrites } from './cache.js';
export type { CacheOptions } from './cache-options.js';
export { cacheDirectives, cacheTypeDefs } from './directives/type-defs.js';
export type { CachedOptions, InvalidatesOptions } from './directives/code-first-options.js';
export { CacheError, errorCodes, type ErrorCode } from './errors.js';
export type { Clock } from './time/clock.js';
export type { CacheLog } from './log.js';
export { valueType, type ValueType } from './codec/value-type.js';
export type { Journal } from './journal/journal.js';
export { memoryJournal, type MemoryJournalOptions } from './journal/memory-journal.js';
export type { Trace } from './metrics/trace.js';
export type { FetchOptions } from './patterns/fetch.js';
export type { Origin } from './loads/origin.js';
export { keyComponent } from './keys/component.js';
export { memoryStore, type MemoryStoreOptions } from './store/memory-store.js';
export type { Store } from './store/store.js';
