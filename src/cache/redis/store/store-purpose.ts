/** What all connections of a store are for, whether to one server or to the nodes of a cluster. */
export const STORE_PURPOSE = {
  name: 'redisStore',
  code: 'CACHE_STORE_REFUSED',
  page: 'docs/several-processes.md',
  opensAt: 'silence',
  triesOut: 'once',
  hasSlowLane: false,
} as const;
