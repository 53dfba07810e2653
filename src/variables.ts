/** What a variable of the environment means, and what holds where it is not set, in words for `--help`. */
export interface Variable {
  readonly unset: string;
  readonly meaning: string;
}

/** Every variable of the API; docs/reference/environment.md says the same, and a test compares them. */
export const variables = {
  NODE_ENV: {
    unset: 'development',
    meaning: 'in production there is no landing page, no introspection and no demo data',
  },
  HOST: { unset: '127.0.0.1; 0.0.0.0 in production', meaning: 'where the API listens' },
  PORT: { unset: '4000', meaning: '0 takes any free port' },
  METRICS_PORT: {
    unset: 'the port of the API; none in production',
    meaning: 'where /metrics listens; keep it from the public',
  },
  DATABASE_URL: {
    unset: 'an embedded PostgreSQL',
    meaning: 'a PostgreSQL, 14 or later: postgresql://user:password@host:5432/database',
  },
  DATA_DIRECTORY: {
    unset: '.data',
    meaning: 'where the embedded PostgreSQL keeps its files, for one process at a time',
  },
  DATABASE_CONNECT_MS: { unset: '5000', meaning: 'milliseconds that a connection is waited for' },
  DATABASE_STATEMENT_MS: { unset: '10000', meaning: 'milliseconds that one statement may take' },
  REDIS_URL: {
    unset: 'the memory of one process',
    meaning: 'a Redis (6.2 or later) or Valkey where processes share entries',
  },
  REDIS_PREFIX: { unset: 'corral', meaning: 'what all keys begin with; two APIs on one Redis need two' },
  REDIS_TLS_CA: {
    unset: 'the authorities that Node.js knows',
    meaning: 'certificates of the authorities that are trusted for encrypted connections to Redis',
  },
  REDIS_TLS_CERT: { unset: 'none', meaning: 'the certificate that shows Redis who this process is' },
  REDIS_TLS_KEY: { unset: 'none', meaning: 'the key to that certificate' },
  JOURNAL_REDIS_URL: {
    unset: 'REDIS_URL',
    meaning: 'a Redis of its own for accepted writes; it must not evict',
  },
  JOURNAL_DURABILITY: { unset: 'memory', meaning: 'what an acknowledged write must survive' },
  JOURNAL_REPLICAS: { unset: '0', meaning: 'replicas that must have a write before it is acknowledged' },
  JOURNAL_MAX_PENDING: {
    unset: '10000',
    meaning: 'keys that may be pending; writes of others go straight to the database',
  },
  CACHE_MAX_ENTRIES: {
    unset: '100000',
    meaning: 'entries, or copies of those in Redis, in the memory of a process',
  },
  CACHE_MAX_BYTES: { unset: '268435456', meaning: 'bytes of memory that they may take' },
  CACHE_EVICTION: { unset: 's3-fifo', meaning: 'which entries leave first' },
  CACHE_ON_STORE_LOSS: {
    unset: 'degrade',
    meaning: 'whether mutations are committed or refused while Redis is away',
  },
  CACHE_REGION: {
    unset: 'none',
    meaning: 'the name of this region, where there are several',
  },
  CACHE_ACKNOWLEDGE: {
    unset: 'region',
    meaning:
      'whether a mutation is answered once its own region has applied it, or once all have; region has no effect without CACHE_REGION',
  },
  CACHE_ACKNOWLEDGE_WITHIN_MS: {
    unset: '1000',
    meaning: 'milliseconds for which it waits for all of them',
  },
  CACHE_BLIND_AFTER_MS: {
    unset: '3000',
    meaning: 'milliseconds without a look into the outbox after which a process is blind',
  },
  CACHE_WHILE_BLIND: { unset: 'load', meaning: 'what it serves then' },
  CACHE_STRICT_COPIES: {
    unset: 'off',
    meaning:
      'copies in each process that are proven unchanged; needs REDIS_URL of one primary, not of a cluster',
  },
  CACHE_MEMO: {
    unset: 'on',
    meaning:
      'whether answers of whole operations are kept in each process, and given without executing them; not with a Redis Cluster',
  },
  CACHE_MEMO_MAX_BYTES: { unset: '33554432', meaning: 'bytes of memory that such answers take at most' },
  HTTP_MAX_AGE: {
    unset: 'none',
    meaning:
      'which caches may give answers again by themselves while they are fresh: CDNs (shared), or browsers too (all)',
  },
  HTTP_TAG_HEADER: { unset: 'none', meaning: 'the header that names the tags of such answers to a CDN' },
  CACHE_DISABLED: {
    unset: 'nothing',
    meaning: 'the kill switch: all, or coordinates with commas between them',
  },
  CACHE_PREFETCH: { unset: 'on', meaning: 'whether this process takes part in keeping reports warm' },
  CACHE_PROBE: { unset: 'on', meaning: 'whether some writes are followed and compared with the database' },
  COMPILED_EXECUTION: {
    unset: 'on',
    meaning: 'whether queries are executed by plans, with the answers of graphql-js',
  },
  CACHE_SHADOW_SHARE: { unset: '0', meaning: 'the share of hits that are loaded again and compared' },
  CACHE_SHADOW_SWITCH_OFF_AFTER: {
    unset: '0',
    meaning: 'differences after which a field is switched off in this process; 0: never',
  },
  SIGN_IN_PER_ACCOUNT: { unset: '20', meaning: 'wrong passwords for one account within the window' },
  SIGN_IN_PER_ADDRESS: {
    unset: '100',
    meaning: 'wrong passwords and new accounts from one address within the window',
  },
  SIGN_IN_WINDOW_SECONDS: { unset: '900', meaning: 'seconds of that window' },
  SIGN_IN_MAX_WAIT_MS: {
    unset: '2000',
    meaning: 'milliseconds that a request waits at most for its password to be hashed',
  },
  SESSION_MAX_DAYS: { unset: '30', meaning: 'days after which a session ends, however much it is used' },
  SESSION_MAX_PER_ACCOUNT: { unset: '50', meaning: 'sessions of an account; the next one ends the oldest' },
  TRUSTED_PROXIES: { unset: 'none', meaning: 'proxies whose X-Forwarded-For is believed' },
  LOG_LEVEL: { unset: 'info', meaning: 'from debug on, each request is logged, without its variables' },
  RECORD_TRAFFIC: {
    unset: 'nothing is recorded',
    meaning:
      'a new file that what clients ask is written to, without what takes passwords, tokens or e-mail addresses',
  },
} as const satisfies Readonly<Record<string, Variable>>;
