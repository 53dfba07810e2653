import type { Home } from './home.js';
import type { OutboxPool } from './pool-option.js';

/** What a row of the outbox says that stands for many that were dropped. */
export const BACKLOG =
  'more rows waited in the outbox than are ever made up for, and were dropped, as nothing was relayed for long';
/** No row takes less: what is smaller has fewer, and need not be counted. */
const BYTES_OF_A_ROW = 48;

export interface BacklogOptions {
  readonly home: Home;
  readonly pool: OutboxPool;
  readonly store: string;
}

/** Whether more rows of the store $1 wait than $2; $3 is the name of the table. */
export function isFullSql(outbox: string): string {
  return `CASE WHEN pg_relation_size($3::regclass) > $2::bigint * ${BYTES_OF_A_ROW}
       THEN EXISTS (SELECT FROM ${outbox} WHERE "store" = $1 OFFSET $2) ELSE false END`;
}

/**
 * Drops the rows of a store that wait, which are too many, and writes one in their place that has everything forgotten, in the same
 * commit. While nothing can be relayed, as without the store, writers fill the outbox, and with it the disk. Of processes that do so at
 * once one writes that row. It has the first place of those that were dropped, so that what waits for these waits for it too.
 */
export async function dropBacklog({ home: { outbox }, pool, store }: BacklogOptions): Promise<void> {
  await pool.query(
    `WITH dropped AS (DELETE FROM ${outbox} WHERE "store" = $1 RETURNING "xid")
     INSERT INTO ${outbox} ("store", "because", "xid") SELECT $1, $2, "xid" FROM dropped ORDER BY "xid" LIMIT 1`,
    [store, BACKLOG],
  );
}
