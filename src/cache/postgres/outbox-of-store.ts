import type { ClientBase } from 'pg';
import type { Outbox, OutboxRow, Relayed } from '../outbox/outbox.js';
import type { Home } from './home.js';
import { inTransaction } from './in-transaction.js';
import { GAP, noticeGap, STANDING, type GapOptions, type Standing } from './notice-gaps.js';
import type { OutboxPool } from './pool-option.js';
import { registerStore } from './register-store.js';

export interface OutboxOfStoreOptions {
  readonly home: Home;
  readonly pool: OutboxPool;
  /** For removing rows of stores that are gone, which may take longer than a look may; default: the same. */
  readonly pruningPool?: OutboxPool;
  /** Names the store whose rows these are; processes that share a store share its name. */
  readonly store: string;
  /** True for a store that ends with its process. */
  readonly endsWithProcess: boolean;
  /** Watches for rows that other connections commit; see `watchForRows`. */
  readonly listen: Outbox['listen'];
  /** Told how many rows each look has taken; default: no process is. */
  readonly onLooked?: (taken: number) => void;
}

/** A process that stands still while it holds rows must not keep them from the others: PostgreSQL ends its transaction. */
const HELD_AT_MOST_MS = 300;

/** Rows that a relay takes in one transaction: it holds their locks while the store applies them. */
const ROWS_AT_ONCE = 500;
/** Where rows are full of tags, as those of large statements are. */
const FULL_ROWS_AT_ONCE = 100;
const TAGS_OF_A_FULL_ROW = 100;
/** Tags that are applied before the database hears of it; a row has no more than 500. */
const TAGS_AT_ONCE = 1000;
/** A store without processes for so long is gone. Triggers write for it for twice as long. */
const KEPT = '10 minutes';
const PRUNED_AT_ONCE = 10_000;

interface Statements {
  readonly look: string;
  readonly take: string;
  readonly add: string;
  readonly keep: string;
  readonly prune: string;
}

function statements(home: Home): Statements {
  const { outbox, stores } = home;
  const isKept = `"seenAt" > clock_timestamp() - interval '${KEPT}'`;
  return {
    // Nearly always there is nothing.
    look: `
  SELECT EXISTS (SELECT FROM ${outbox} WHERE "store" = $1) AS "isThere",
         coalesce(${isKept}, false) AS known, ${STANDING}
  FROM ${home.quoted}.cache_outbox_standing() AS now LEFT JOIN ${stores} AS s ON s."name" = $1`,
    // What is taken, and what waits but is in another process's hands, as one statement saw them. The rows are gone once the
    // transaction is committed, which waits for no disk: after a crash they are applied once more. What is taken comes with the
    // bound on how long it is held.
    take: `
  WITH found AS (
    SELECT ctid AS place FROM ${outbox} WHERE "store" = $1 ORDER BY "xid" LIMIT $2 FOR UPDATE SKIP LOCKED
  ), taken AS (
    DELETE FROM ${outbox} WHERE ctid = ANY(ARRAY(SELECT place FROM found))
    RETURNING ctid AS place, "xid", "tags", "versions", "because", "writtenAt"
  )
  SELECT "xid"::text || place::text AS id, "tags", "versions", "because", true AS taken,
         (extract(epoch FROM clock_timestamp() - "writtenAt") * 1000)::float8 AS "waitedMs"
  FROM taken, set_config('idle_in_transaction_session_timeout', '${HELD_AT_MOST_MS}', true) AS held,
       set_config('synchronous_commit', 'off', true) AS waits
  UNION ALL
  (SELECT "xid"::text || ctid::text, NULL, NULL, NULL, false, NULL FROM ${outbox}
   WHERE "store" = $1 AND (SELECT count(*) FROM taken) < $2 AND ctid NOT IN (SELECT place FROM taken))`,
    add: `INSERT INTO ${outbox} ("store", "tags") VALUES ($1, $2)`,
    keep: `UPDATE ${stores} SET "seenAt" = clock_timestamp() WHERE "name" = $1 AND ${isKept}`,
    prune: `
  DELETE FROM ${outbox} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM ${outbox} WHERE "store" NOT IN (SELECT "name" FROM ${stores}) LIMIT ${PRUNED_AT_ONCE} FOR UPDATE SKIP LOCKED))`,
  };
}

interface Looked extends Standing {
  readonly isThere: boolean;
  readonly known: boolean;
}

interface SeenRow {
  readonly id: string;
  readonly tags: readonly string[] | null;
  readonly versions: readonly (string | null)[] | null;
  readonly because: string | null;
  readonly taken: boolean;
  readonly waitedMs: number | null;
}

type Apply = (rows: readonly OutboxRow[]) => Promise<void>;

/**
 * The outbox of one store. Rows are found by being there, never by a number higher than the last: numbers are given out
 * before the commit, so a lower one may become visible later.
 */
export function outboxOfStore(options: OutboxOfStoreOptions): Outbox {
  const {
    home,
    pool,
    pruningPool = pool,
    store,
    endsWithProcess,
    listen,
    onLooked = () => undefined,
  } = options;
  const sql = statements(home);
  const relay = async (apply: Apply): Promise<Relayed> => {
    const done: OutboxRow[] = [];
    let atOnce = ROWS_AT_ONCE;
    for (;;) {
      const batch = await relayBatch({ home, pool, sql, store, atOnce }, apply);
      done.push(...batch.done);
      if (batch.done.length < atOnce) {
        onLooked(done.length);
        return { ...batch, done };
      }
      const tags = batch.done.reduce((sum, row) => sum + row.tags.length, 0);
      atOnce = tags > TAGS_OF_A_FULL_ROW * batch.done.length ? FULL_ROWS_AT_ONCE : ROWS_AT_ONCE;
    }
  };
  return {
    listen,
    relay,
    register: () => registerStore(pool, home, store),
    add: async (tags) => {
      await pool.query(sql.add, [store, tags]);
    },
    keep: async () => {
      await pool.query(sql.keep, [store]);
      await prune(pruningPool, home, sql.prune);
    },
    close: async () => {
      if (endsWithProcess) await pool.query(`DELETE FROM ${home.stores} WHERE "name" = $1`, [store]);
    },
  };
}

interface Looking extends GapOptions {
  readonly sql: Statements;
  readonly atOnce: number;
}

/** Takes rows, and has them applied, all in one transaction: a process that dies in between leaves them there. */
async function relayBatch(looking: Looking, apply: Apply): Promise<Relayed> {
  const { pool, sql, store } = looking;
  const [look] = (await pool.query<Looked>(sql.look, [store])).rows;
  if (look === undefined) throw new Error('the database says nothing of the outbox');
  const isForgotten = await noticeGap(looking, look);
  if (!look.isThere && !isForgotten) return { done: [], elsewhere: [], isKnown: look.known };
  const relayed = await inTransaction(pool, (client) => takeAndApply(client, looking, apply));
  return { ...relayed, isKnown: look.known };
}

async function takeAndApply(
  client: ClientBase,
  { sql, store, atOnce }: Looking,
  apply: Apply,
): Promise<Pick<Relayed, 'done' | 'elsewhere'>> {
  const { rows } = await client.query<SeenRow>(sql.take, [store, atOnce]);
  const done = rows
    .filter(({ taken }) => taken)
    .map(({ id, tags, versions, because, waitedMs }): OutboxRow => ({
      id,
      tags: tags ?? [],
      versions: versions?.map((version) => (version === null ? null : Number(version))) ?? [],
      ...(tags === null && {
        forgetsAll: because ?? 'it is not known why',
        forgetReason: because === GAP ? 'gap' : 'write',
      }),
      waitedMs: waitedMs ?? 0,
    }));
  const elsewhere = rows.filter(({ taken }) => !taken).map(({ id }) => id);
  for (const [index, part] of partsOf(done).entries()) {
    if (index > 0) await client.query('SELECT');
    await apply(part);
  }
  return { done, elsewhere };
}

/** So few tags at a time that PostgreSQL, which ends a silent transaction, hears of this process between two parts. */
function partsOf(rows: readonly OutboxRow[]): readonly (readonly OutboxRow[])[] {
  const parts: OutboxRow[][] = [];
  let tags = Infinity;
  for (const row of rows) {
    if (tags + row.tags.length > TAGS_AT_ONCE) {
      parts.push([]);
      tags = 0;
    }
    parts.at(-1)?.push(row);
    tags += row.tags.length;
  }
  return parts;
}

async function prune(pool: OutboxPool, { stores }: Home, pruneSql: string): Promise<void> {
  await pool.query(`DELETE FROM ${stores} WHERE "seenAt" < clock_timestamp() - interval '${KEPT}'`);
  let pruned: number;
  do {
    const { rowCount } = await pool.query(pruneSql);
    pruned = rowCount ?? 0;
  } while (pruned === PRUNED_AT_ONCE);
}
