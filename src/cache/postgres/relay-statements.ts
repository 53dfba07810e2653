import type { Home } from './home.js';
import { TAGS_PER_ROW } from './changed-rows-sql.js';
import { isFullSql } from './drop-backlog.js';
import { STANDING } from './notice-gaps.js';
import { anyWaitsSql, waitingSql } from './waiting-rows-sql.js';

/** A store without processes for so long is gone. Triggers write for it for twice as long. */
const KEPT = '10 minutes';
const PRUNED_AT_ONCE = 10_000;

/** How the names of stores begin that end with their process: no other one shares them, and none waits for them. */
export const OF_PROCESS = 'memory ';
/** So often it is noted that processes of a store look, where there are other stores: these wait for it. */
const SEEN_EVERY = '5 seconds';

/** How the id of a row begins that has everything forgotten, and is in another process's hands. */
export const FORGETTING = 'all ';

/** The tags of $2, no more at a time than one row may have, in their order. */
const GIVEN_TAGS = `(
    SELECT array_agg(given.tag ORDER BY given.place) AS tags FROM unnest($2::text[]) WITH ORDINALITY AS given(tag, place)
    GROUP BY (given.place - 1) / ${TAGS_PER_ROW})`;

/** What the relay of one store asks of the database; $1 is the name of the store. */
export interface RelayStatements {
  readonly look: string;
  readonly take: string;
  readonly add: string;
  readonly seen: string;
  readonly keep: string;
  readonly others: string;
  readonly tellOthers: string;
  readonly forgetOthers: string;
  readonly prune: string;
}

export function relayStatements(home: Home): RelayStatements {
  const { outbox, stores } = home;
  const waiting = waitingSql(home, '$1');
  const isKept = `"seenAt" > clock_timestamp() - interval '${KEPT}'`;
  const isOther = `other."name" <> $1 AND other."name" NOT LIKE '${OF_PROCESS}%'`;
  const isThere = `${isOther} AND other.${isKept}`;
  const ofOther = waitingSql(home, 'other."name"');
  const firstOfOther = (where: string): string =>
    `(SELECT o."xid"::text FROM ${outbox} AS o WHERE o."store" = other."name" AND ${where} ORDER BY o."xid" LIMIT 1)`;
  const elsewhere = (where: string): string => `
           SELECT CASE WHEN "tags" IS NULL THEN '${FORGETTING}' ELSE '' END || "xid"::text || ctid::text FROM ${outbox}
           WHERE "store" = $1 AND ${where} AND (SELECT count(*) FROM taken) < $2 AND ctid NOT IN (SELECT place FROM taken)`;
  return {
    // Nearly always there is nothing.
    look: `
  SELECT ${anyWaitsSql(waiting, outbox, 'o."store" = $1')} AS "isThere",
         coalesce(s.${isKept}, false) AS known,
         EXISTS (SELECT FROM ${stores} AS other WHERE ${isThere}) AS "hasOthers",
         coalesce(s."seenAt" < clock_timestamp() - interval '${SEEN_EVERY}', false) AS "isUnseen", pg_current_snapshot()::text AS seen, ${STANDING}
  FROM ${home.quoted}.cache_outbox_standing() AS now LEFT JOIN ${stores} AS s ON s."name" = $1`,
    // What is taken, and what waits but is in another process's hands, as one statement saw them. The rows are gone once the
    // transaction is committed, which waits for no disk: after a crash they are applied once more. What is taken comes with the
    // bound on how long it is held, $4. $3 leaves out what is before it, which was taken just now, and is dead. All of it is one row: of
    // many, each with columns of its own, both sides make twice the work. PostgreSQL 14 has no max() of transaction numbers.
    take: `
  WITH late AS (
    SELECT ctid AS place FROM ${outbox} WHERE "store" = $1 AND ${waiting.late} LIMIT $2 FOR UPDATE SKIP LOCKED
  ), since AS (
    SELECT ctid AS place FROM ${outbox} WHERE "store" = $1 AND ${waiting.since} AND "xid" >= coalesce($3::xid8, '0')
    ORDER BY "xid" LIMIT $2 FOR UPDATE SKIP LOCKED
  ), taken AS (
    DELETE FROM ${outbox} WHERE ctid = ANY(ARRAY(SELECT place FROM late UNION ALL SELECT place FROM since))
    RETURNING ctid AS place, "xid", "tags", "versions", "because", "writtenAt"
  )
  SELECT (SELECT coalesce(json_agg(json_build_array("xid"::text || place::text, "tags", "versions", "because",
            date_part('epoch', clock_timestamp() - "writtenAt") * 1000)), '[]')::text FROM taken) AS taken,
         (SELECT "xid"::text FROM taken ORDER BY "xid" DESC LIMIT 1) AS "upTo",
         ARRAY(${elsewhere(waiting.late)} UNION ALL ${elsewhere(waiting.since)}) AS elsewhere,
         pg_current_snapshot()::text AS seen
  FROM set_config('idle_in_transaction_session_timeout', $4::text, true) AS held,
       set_config('synchronous_commit', 'off', true) AS waits`,
    seen: `UPDATE ${stores} SET "seen" = $2 WHERE "name" = $1`,
    add: `INSERT INTO ${outbox} ("store", "tags") SELECT $1::text, part.tags FROM ${GIVEN_TAGS} AS part`,
    // Rows of one store are applied in any order, but none that was committed before this statement has a higher number than its snapshot.
    others: `
  SELECT other."name", pg_snapshot_xmax(pg_current_snapshot())::text AS place,
         ${firstOfOther(ofOther.late)} AS late, ${firstOfOther(ofOther.since)} AS since,
         date_part('epoch', clock_timestamp() - other."seenAt") * 1000 AS "unseenForMs"
  FROM ${stores} AS other WHERE ${isThere}`,
    tellOthers: `
  INSERT INTO ${outbox} ("store", "tags") SELECT other."name", part.tags FROM ${stores} AS other CROSS JOIN ${GIVEN_TAGS} AS part WHERE ${isOther}`,
    forgetOthers: `
  INSERT INTO ${outbox} ("store", "because") SELECT other."name", $2 FROM ${stores} AS other WHERE ${isOther}`,
    keep: `UPDATE ${stores} SET "seenAt" = clock_timestamp() WHERE "name" = $1 AND ${isKept}`,
    // Stores that are gone, and rows of those that were: one that comes back has everything forgotten. Rows that are too many are another
    // matter, asked in the same breath.
    prune: `
  WITH gone AS (DELETE FROM ${stores} WHERE NOT ${isKept} RETURNING "name"), pruned AS (
    DELETE FROM ${outbox} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${outbox}
      WHERE "store" IN (SELECT "name" FROM gone) OR "store" NOT IN (SELECT "name" FROM ${stores})
      LIMIT ${PRUNED_AT_ONCE} FOR UPDATE SKIP LOCKED)) RETURNING 1)
  SELECT (SELECT count(*) FROM pruned) = ${PRUNED_AT_ONCE} AS "isMore", ${isFullSql(outbox)} AS "isFull"`,
  };
}
