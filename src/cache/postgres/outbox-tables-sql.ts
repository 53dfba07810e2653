import type { Home } from './home.js';
import { NOTHING_SEEN } from './waiting-rows-sql.js';

/** The columns of the two tables, as this version has them. */
export const OUTBOX_COLUMNS = {
  CacheOutbox: ['xid', 'writtenAt', 'store', 'tags', 'versions', 'because'],
  CacheStore: ['name', 'seenAt', 'stamp', 'unsureUntil', 'seen'],
} as const;

/**
 * The tables of the outbox, where they are not there yet. Nothing of them changes where they are. A row is written once and
 * deleted: what is dead is cleaned away soon, and the file is kept, as cutting it would lock writers out.
 */
export function outboxTables({ outbox, stores }: Home): string {
  return `
    CREATE TABLE IF NOT EXISTS ${outbox} (
      "xid" xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
      "writtenAt" timestamptz(3) NOT NULL DEFAULT pg_catalog.clock_timestamp(),
      "store" text NOT NULL,
      "tags" text[],
      "versions" bigint[],
      "because" text
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
      autovacuum_vacuum_insert_threshold = -1, vacuum_truncate = off);
    CREATE INDEX IF NOT EXISTS "CacheOutbox_xid_idx" ON ${outbox} ("xid");
    CREATE TABLE IF NOT EXISTS ${stores} (
      "name" text NOT NULL,
      "seenAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
      -- How the outbox was when all that was written was told for sure, and the transactions of which that is not sure yet.
      "stamp" text,
      "unsureUntil" xid8,
      -- A snapshot that saw no row that waits.
      "seen" pg_catalog.pg_snapshot NOT NULL DEFAULT ${NOTHING_SEEN},
      CONSTRAINT "CacheStore_pkey" PRIMARY KEY ("name")
    );`;
}

/** Takes the outbox of an earlier version away: its stores must forget everything, as its rows go with it. */
export function withoutEarlierTables({ quoted, outbox, stores }: Home): string {
  return `
    DROP TABLE IF EXISTS ${outbox}, ${stores};
    DROP FUNCTION IF EXISTS ${quoted}.cache_outbox_write(text[], bigint[]), ${quoted}.cache_outbox_forget();`;
}

/** What a role needs that runs the API and owns nothing. */
export function rightsOf({ quoted, outbox, stores }: Home, role: string): string {
  return `
    GRANT USAGE ON SCHEMA ${quoted} TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${outbox}, ${stores} TO ${role};`;
}
