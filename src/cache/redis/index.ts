/** `graphql-corral/redis`: the store and the journal that processes share. Its types need the package ioredis. */
export type { Durability } from './journal/durability.js';
export { redisJournal, type RedisJournalOptions } from './journal/redis-journal.js';
export { redisStore } from './store/redis-store.js';
export type { RedisStoreOptions } from './store/store-settings.js';
export { clientOptions, type ClientOptions, type TlsOptions } from './url/client-options.js';
export {
  readRedisUrl,
  redisAddress,
  type HostAndPort,
  type RedisPlace,
  type RedisServer,
} from './url/read-redis-url.js';
