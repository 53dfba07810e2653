/** `graphql-corral/redis`: the store and the journal that processes share. Its types need the package ioredis. */
export type { Durability } from '../journal/redis/durability.js';
export { redisJournal, type RedisJournalOptions } from '../journal/redis/redis-journal.js';
export { redisStore, type RedisStoreOptions } from '../store/redis/redis-store.js';
