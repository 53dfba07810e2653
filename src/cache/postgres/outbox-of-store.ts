import type { ClientBase } from 'pg';
import type { Outbox, OutboxRow, Relayed } from '../outbox/outbox.js';
import { OUTBOX_CHANNEL, type Home } from './home.js';
import { inTransaction } from './in-transaction.js';
import type { OutboxPool } from './pool-option.js';
import { registerStore } from './register-store.js';

export interface OutboxOfStoreOptions {
  readonly home: Home;
  readonly pool: OutboxPool;
  /** For removing what is done, which may take longer than a look may; default: the same. */
  readonly pruningPool?: OutboxPool;
  /** Names the store whose rows these are; processes that share a store share its name. */
  readonly store: string;
  /** True for a store that ends with its process. */
  readonly endsWithProcess: boolean;
  /** Listens for rows that other connections commit; see `listenForRows`. */
  readonly listen: Outbox['listen'];
}

/** A process that stands still while it holds rows must not keep them from the others: PostgreSQL ends its transaction. */
const HELD_AT_MOST_MS = 300;

/** Rows that a relay takes in one transaction: it holds their locks while the store applies them. */
const ROWS_AT_ONCE = 100;
/** Tags that are applied before the database hears of it; a row has no more than 500. */
const TAGS_AT_ONCE = 1000;
/** Done rows are of use to a person who looks into what was invalidated lately; then they go. So do stores without processes. */
const KEPT = '10 minutes';
const PRUNED_AT_ONCE = 10_000;

interface Statements {
  readonly look: string;
  readonly take: string;
  readonly done: string;
  readonly add: string;
  readonly keep: string;
  readonly prune: string;
}

function statements({ outbox, stores }: Home): Statements {
  return {
    // Nearly always there is nothing, or another process has it in its hands already: one statement tells both. Where two look at
    // the same row at once, one of them finds it free, and goes on to take it.
    look: `
  WITH free AS (
    SELECT FROM ${outbox} WHERE "store" = $1 AND "doneAt" IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  SELECT EXISTS (SELECT FROM free) AS "isFree",
         CASE WHEN EXISTS (SELECT FROM free) THEN '{}'
              ELSE ARRAY(SELECT "id"::text FROM ${outbox} WHERE "store" = $1 AND "doneAt" IS NULL) END AS waiting,
         EXISTS (SELECT FROM ${stores} WHERE "name" = $1) AS known`,
    // What is taken, and what waits but is in another process's hands, as one statement saw them. What is taken comes with the
    // bound on how long it is held.
    take: `
  WITH taken AS (
    SELECT "id", "tags", "versions", "writtenAt" FROM ${outbox} WHERE "store" = $1 AND "doneAt" IS NULL
    ORDER BY "id" LIMIT ${ROWS_AT_ONCE} FOR UPDATE SKIP LOCKED
  )
  SELECT "id"::text AS id, "tags", "versions", true AS taken,
         (extract(epoch FROM clock_timestamp() - "writtenAt") * 1000)::float8 AS "waitedMs"
  FROM taken, set_config('idle_in_transaction_session_timeout', '${HELD_AT_MOST_MS}', true)
  UNION ALL
  (SELECT "id"::text, NULL, NULL, false, NULL FROM ${outbox}
   WHERE "store" = $1 AND "doneAt" IS NULL AND "id" NOT IN (SELECT "id" FROM taken))`,
    done: `UPDATE ${outbox} SET "doneAt" = clock_timestamp() WHERE "id" = ANY($1::bigint[])`,
    // No trigger does it, and the first process that reaches the store should hear of it at once.
    add: `
  WITH added AS (INSERT INTO ${outbox} ("store", "tags") VALUES ($1, $2) RETURNING "id")
  SELECT pg_notify('${OUTBOX_CHANNEL}', '') FROM added`,
    keep: `UPDATE ${stores} SET "seenAt" = clock_timestamp() WHERE "name" = $1`,
    prune: `
  DELETE FROM ${outbox} WHERE "id" IN (
    SELECT "id" FROM ${outbox}
    WHERE "doneAt" < clock_timestamp() - interval '${KEPT}' OR "store" NOT IN (SELECT "name" FROM ${stores})
    LIMIT ${PRUNED_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
  };
}

interface Looked {
  readonly isFree: boolean;
  readonly waiting: readonly string[];
  readonly known: boolean;
}

interface SeenRow {
  readonly id: string;
  readonly tags: readonly string[] | null;
  readonly versions: readonly (string | null)[] | null;
  readonly taken: boolean;
  readonly waitedMs: number | null;
}

type Apply = (rows: readonly OutboxRow[]) => Promise<void>;

/**
 * The outbox of one store. Rows are found by being undone, never by an id higher than the last: ids are given out
 * before the commit, so a lower one may become visible later.
 */
export function outboxOfStore(options: OutboxOfStoreOptions): Outbox {
  const { home, pool, pruningPool = pool, store, endsWithProcess, listen } = options;
  const sql = statements(home);
  const relay = async (apply: Apply): Promise<Relayed> => {
    const done: OutboxRow[] = [];
    for (;;) {
      const batch = await relayBatch({ pool, sql, store }, apply);
      done.push(...batch.done);
      if (batch.done.length < ROWS_AT_ONCE) return { ...batch, done };
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

interface Looking {
  readonly pool: OutboxPool;
  readonly sql: Statements;
  readonly store: string;
}

/** Takes rows, has them applied, and marks them done, all in one transaction: a process that dies in between leaves them undone. */
async function relayBatch({ pool, sql, store }: Looking, apply: Apply): Promise<Relayed> {
  const look = await pool.query<Looked>(sql.look, [store]);
  const { isFree = false, waiting = [], known = false } = look.rows[0] ?? {};
  if (!isFree) return { done: [], elsewhere: waiting, isKnown: known };
  const relayed = await inTransaction(pool, (client) => takeAndApply(client, { sql, store }, apply));
  return { ...relayed, isKnown: known };
}

async function takeAndApply(
  client: ClientBase,
  { sql, store }: Omit<Looking, 'pool'>,
  apply: Apply,
): Promise<Pick<Relayed, 'done' | 'elsewhere'>> {
  const { rows } = await client.query<SeenRow>(sql.take, [store]);
  const done = rows
    .filter(({ taken }) => taken)
    .map(({ id, tags, versions, waitedMs }): OutboxRow => ({
      id,
      tags: tags ?? [],
      versions: versions?.map((version) => (version === null ? null : Number(version))) ?? [],
      waitedMs: waitedMs ?? 0,
    }));
  const elsewhere = rows.filter(({ taken }) => !taken).map(({ id }) => id);
  for (const part of partsOf(done)) {
    await apply(part);
    await client.query(sql.done, [part.map(({ id }) => id)]);
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
