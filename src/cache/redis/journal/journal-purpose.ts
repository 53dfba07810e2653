import type { Purpose } from '../connection/purpose.js';

/** What all connections of a journal are for, whether to one server or to the nodes of a cluster. */
export const JOURNAL_PURPOSE = {
  name: 'redisJournal',
  code: 'CACHE_JOURNAL_REFUSED',
  page: 'docs/write-behind.md',
  // A write without an answer may be in the journal or not: what this process keeps must be saved.
  opensAt: 'first-failure',
  // A write that the server refuses would be refused to a client who was promised that it is accepted.
  triesOut: 'always',
  // What the server promised at the start may be changed while it runs.
  checksAfterMs: 60_000,
} as const satisfies Partial<Purpose>;

/** Milliseconds after which an attempt to connect has failed. */
export const CONNECT_TIMEOUT_MS = 500;
