import type { Home } from './home.js';

/** Of a store of which nothing is known: all of its rows may wait. */
export const NOTHING_SEEN = `'1:1:'::pg_catalog.pg_snapshot`;

/** Where rows of a store may be that wait, each as a condition on "xid". */
export interface WaitingSql {
  /** Of transactions that were open when no row waited: few, and found one by one. */
  readonly late: string;
  /** Of all transactions since. */
  readonly since: string;
}

/**
 * Rows are deleted as they are taken, but as long as an old transaction is open anywhere the dead ones stay where they are, and each look
 * would read all of them. So a store remembers a snapshot that saw no row of it: what that snapshot saw as ended can bring no row any
 * more. It is kept in the database, written in the transaction that takes the last row, so that both outlive a crash or neither. One that
 * comes from another server, as by a restored dump, is of its future mostly, and not believed; a start of a process forgets it as well.
 * @param store the name of the store, as SQL
 */
export function waitingSql({ stores }: Home, store: string): WaitingSql {
  const seen = (of: string): string => `(
      SELECT ${of} FROM (SELECT coalesce((
        SELECT s."seen" FROM ${stores} AS s WHERE s."name" = ${store}
          AND pg_catalog.pg_snapshot_xmax(s."seen") <= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())), ${NOTHING_SEEN})) AS last(seen))`;
  return {
    late: `"xid" = ANY (ARRAY${seen('pg_catalog.pg_snapshot_xip(last.seen)')})`,
    since: `"xid" >= ${seen('pg_catalog.pg_snapshot_xmax(last.seen)')}`,
  };
}

/** Whether a row waits for which this holds too, as SQL. Written so that no plan of it reads the table from its beginning. */
export function anyWaitsSql({ late, since }: WaitingSql, outbox: string, where: string): string {
  return `(EXISTS (SELECT FROM ${outbox} AS o WHERE ${where} AND ${late})
      OR coalesce((SELECT true FROM ${outbox} AS o WHERE ${where} AND ${since} ORDER BY "xid" LIMIT 1), false))`;
}
