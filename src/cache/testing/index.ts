/**
 * `graphql-corral/testing`: for tests of your own stores and journals, and of what you build on the cache. It runs in any
 * test runner, and needs none.
 */
export type { ContractCase } from './contract-case.js';
export { journalContract, type JournalContractOptions } from './journal/journal-contract.js';
export type { TestedJournal } from './journal/tested-journal.js';
export { manualClock, type ManualClock } from './manual-clock.js';
export { memoryOutbox, type MemoryOutboxOptions, type MemoryOutboxRows } from './memory-outbox.js';
export { storeContract, type StoreContractOptions } from './store/store-contract.js';
export type { TestedStore } from './store/tested-store.js';
export { virtualClock, type VirtualClock } from './virtual-clock.js';
