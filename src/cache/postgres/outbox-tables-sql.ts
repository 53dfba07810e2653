import type { Home } from './home.js';

/** The tables of the outbox, where they are not there yet. Nothing of them changes where they are. */
export function outboxTables({ outbox, stores }: Home): string {
  return `
    CREATE TABLE IF NOT EXISTS ${outbox} (
      "id" bigserial NOT NULL,
      "store" text NOT NULL,
      "tags" text[],
      "versions" bigint[],
      "writtenAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
      "doneAt" timestamptz(3),
      CONSTRAINT "CacheOutbox_pkey" PRIMARY KEY ("id")
    );
    CREATE INDEX IF NOT EXISTS "CacheOutbox_store_doneAt_id_idx" ON ${outbox} ("store", "doneAt", "id");
    CREATE TABLE IF NOT EXISTS ${stores} (
      "name" text NOT NULL,
      "seenAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT "CacheStore_pkey" PRIMARY KEY ("name")
    );`;
}

/** What a role needs that runs the API and owns nothing. */
export function rightsOf({ quoted, outbox, stores }: Home, role: string): string {
  return `
    GRANT USAGE ON SCHEMA ${quoted} TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${outbox}, ${stores} TO ${role};
    GRANT USAGE ON SEQUENCE ${quoted}."CacheOutbox_id_seq" TO ${role};`;
}
