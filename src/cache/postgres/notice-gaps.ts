import { lacksRightsSentence } from './compare-outbox.js';
import type { Home } from './home.js';
import type { OutboxPool } from './pool-option.js';
import { untilOthersEnd } from './seen-transactions.js';

/** What a row of the outbox says where writes may have passed that were not told. */
export const GAP =
  'the tables of the outbox, their columns or the rights on them were changed, and writes may have passed meanwhile that were not told';
/** Transactions that may have written in vain are waited for, so that what they wrote is forgotten too; longer ones later. */
const OTHERS_END_WITHIN_MS = 1000;

/** Whether triggers can tell of writes, and could all the time, as one statement saw it. */
export interface Standing {
  /** A role that may not write rows although triggers do by its rights; null where there is none. */
  readonly lacksRights: string | null;
  /** How the outbox is now. */
  readonly stamp: string;
  /** How it was when that was noted last; null where it never was. */
  readonly noted: string | null;
  /** The transactions have ended that were open when a change was noted. */
  readonly isSure: boolean | null;
}

/** The columns of a `Standing`, as SQL; `s` is the row of the store, and `now` what `cache_outbox_standing` answers. */
export const STANDING = `now.lacks_rights AS "lacksRights", now.stamp, s."stamp" AS noted,
         s."unsureUntil" <= pg_snapshot_xmin(pg_current_snapshot()) AS "isSure"`;

export interface GapOptions {
  readonly home: Home;
  readonly pool: OutboxPool;
  readonly store: string;
}

/**
 * Sees to it that everything is forgotten after writes may have passed that the triggers could not tell, by a row of the outbox that
 * says so: true where there is one now. Of many processes one writes it, and it outlives them. Whether something was changed
 * shows by a stamp, not by how things are: so also when all is well again by the time of the look.
 * @throws Error while triggers can tell nothing: what is written then is not known.
 */
export async function noticeGap({ home, pool, store }: GapOptions, standing: Standing): Promise<boolean> {
  const { lacksRights, stamp, noted, isSure } = standing;
  const { outbox, stores } = home;
  if (lacksRights !== null) {
    if (noted !== '') {
      // A role that gets rights back as the member of another one leaves no trace. Without the mark its right to write shows by the stamp.
      await pool.query(`UPDATE ${stores} SET "stamp" = '' WHERE "name" = $1`, [store]).catch(() => undefined);
    }
    throw new Error(lacksRightsSentence(home, lacksRights));
  }
  if (noted === stamp && isSure !== true) return false;
  if (noted === null) {
    await pool.query(`UPDATE ${stores} SET "stamp" = $2 WHERE "name" = $1`, [store, stamp]);
    return false;
  }
  const haveEnded = noted === stamp || (await untilOthersEnd(pool, OTHERS_END_WITHIN_MS));
  await pool.query(
    `WITH noted AS (
       UPDATE ${stores} SET "stamp" = $2, "unsureUntil" = CASE WHEN $4 THEN NULL ELSE pg_snapshot_xmax(pg_current_snapshot()) END
       WHERE "name" = $1 AND ("stamp" IS DISTINCT FROM $2 OR "unsureUntil" <= pg_snapshot_xmin(pg_current_snapshot()))
       RETURNING "name")
     INSERT INTO ${outbox} ("store", "because") SELECT "name", $3 FROM noted`,
    [store, stamp, GAP, haveEnded],
  );
  return true;
}
