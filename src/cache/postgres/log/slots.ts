import pg, { type ClientBase } from 'pg';
import { CacheError } from '../../errors.js';
import type { OutboxPool } from '../pool-option.js';
import { isLockedByOthers } from '../short-locks.js';
import { sqlstateOf } from '../sqlstate.js';
import type { LogHome } from './log-home.js';
import { endOfRecords, readLsn } from './lsn.js';
import { publicationNow } from './publication.js';
import { tablesNowSql } from './tables-now.js';
import { serverRefusal } from './server-refusals.js';

/** How it stands with the log and with the slot of one store, as one statement saw it. */
export interface LogState {
  /** Everything that was committed before the statement is before this place of the log. */
  readonly writtenTo: bigint;
  /** Undefined where the server has no such slot. */
  readonly slot: SlotState | undefined;
  /** Undefined where the store is not registered. */
  readonly mustForget: boolean | undefined;
  /** Differs whenever the publication does; undefined where there is none. */
  readonly publication: string | undefined;
  /** How far the clock of the database is ahead of `performance.now()`. */
  readonly clockAheadMs: number;
  /** Whether other stores read the log too. */
  readonly hasOthers: boolean;
  /** It is to be noted that a process of this store looks. */
  readonly isUnseen: boolean;
}

interface SlotState {
  /** Whether some process reads it now. */
  readonly isRead: boolean;
  /** The number of the server's process that sends it to that one. */
  readonly pid: number | undefined;
  /** Everything before this place was applied. */
  readonly appliedTo: bigint;
  /** Bytes of the log that the server keeps for it. */
  readonly keptBytes: number;
  /** The server has thrown away what it has not read. */
  readonly isLost: boolean;
}

interface StateRow {
  readonly written: string;
  readonly applied: string | null;
  readonly isRead: boolean | null;
  readonly pid: number | null;
  readonly kept: number | null;
  readonly status: string | null;
  readonly mustForget: boolean | null;
  readonly publication: string | null;
  readonly now: number;
  readonly hasOthers: boolean;
  readonly isUnseen: boolean | null;
}

export const FORSAKEN = `r."seenAt" < clock_timestamp() - interval '10 minutes'`;
/** So often it is noted that processes of a store look, where there are other stores: these wait for it. */
const SEEN_EVERY = '5 seconds';

function stateSql({ readers }: LogHome): string {
  return `
    SELECT pg_current_wal_insert_lsn()::text AS written,
           s.confirmed_flush_lsn::text AS applied, s.active AS "isRead", s.active_pid AS pid, s.wal_status AS status,
           pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.restart_lsn)::float8 AS kept,
           (SELECT r."mustForget" FROM ${readers} AS r WHERE r."slot" = $1) AS "mustForget",
           ${publicationNow('$2')} AS publication,
           EXISTS (SELECT FROM ${readers} AS r WHERE r."slot" <> $1 AND NOT ${FORSAKEN}) AS "hasOthers",
           (SELECT r."seenAt" < clock_timestamp() - interval '${SEEN_EVERY}' FROM ${readers} AS r WHERE r."slot" = $1) AS "isUnseen",
           (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
    FROM (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.slot_name = $1`;
}

export async function readState(
  pool: Pick<OutboxPool, 'query'>,
  home: LogHome,
  slot: string,
): Promise<LogState> {
  const { rows } = await pool.query<StateRow>(stateSql(home), [slot, home.publication]);
  const [row] = rows;
  if (row === undefined) throw new Error('the server says nothing of its log');
  return {
    writtenTo: endOfRecords(readLsn(row.written)),
    slot:
      row.isRead === null || row.applied === null
        ? undefined
        : {
            isRead: row.isRead,
            pid: row.pid ?? undefined,
            appliedTo: readLsn(row.applied),
            keptBytes: row.kept ?? 0,
            isLost: row.status === 'lost',
          },
    mustForget: row.mustForget ?? undefined,
    publication: row.publication ?? undefined,
    clockAheadMs: row.now - performance.now(),
    hasOthers: row.hasOthers,
    isUnseen: row.isUnseen ?? false,
  };
}

/** How far the reader of the slot has come, where this is another process. */
export interface Applied {
  /** Whether some process reads it now. */
  readonly isRead: boolean;
  readonly appliedTo: bigint;
  /** The slot was made anew: what it has confirmed says nothing of what was written before, until everything is forgotten. */
  readonly mustForget: boolean;
}

export async function readApplied(
  pool: Pick<OutboxPool, 'query'>,
  { readers }: LogHome,
  slot: string,
): Promise<Applied> {
  const { rows } = await pool.query<{ isRead: boolean; applied: string | null; mustForget: boolean | null }>(
    `SELECT s.active AS "isRead", s.confirmed_flush_lsn::text AS applied, r."mustForget"
     FROM pg_catalog.pg_replication_slots AS s LEFT JOIN ${readers} AS r ON r."slot" = s.slot_name
     WHERE s.slot_name = $1`,
    [slot],
  );
  const [row] = rows;
  return {
    isRead: row?.isRead ?? false,
    appliedTo: readLsn(row?.applied ?? '0/0'),
    mustForget: row?.mustForget ?? false,
  };
}

const CREATE_WITHIN_MS = 10_000;

export interface StoreSlot {
  readonly home: LogHome;
  readonly slot: string;
  readonly store: string;
  /** Bytes that its reader may be behind. */
  readonly behindAtMost: number;
}

/**
 * Makes the slot of a store where it is not there, or of no use any more; resolves with the reason then. Before it is made, and while
 * there is none, the store is marked as one of which everything must be forgotten: the process that looks next once it is there does
 * so, also where this one ends here.
 * @throws CacheError where the slot is of another kind, or the server has no place for it, or is kept waiting by a transaction.
 */
export async function makeSlot(
  pool: OutboxPool,
  { home, slot, store, behindAtMost }: StoreSlot,
  isUseless?: string,
): Promise<{ readonly why: string; readonly isFirst: boolean } | undefined> {
  return oneAtATime(pool, slot, async (client) => {
    const { rows } = await client.query<{ isOurs: boolean }>(
      `SELECT coalesce(plugin = 'pgoutput' AND database = current_database() AND NOT temporary, false) AS "isOurs"
       FROM pg_catalog.pg_replication_slots WHERE slot_name = $1`,
      [slot],
    );
    if (rows[0]?.isOurs === false) throw slotOfOthers(slot);
    // Another process may have made it while this one waited.
    const state = await readState(client, home, slot);
    const why = reasonToBeginAnew(state, behindAtMost) ?? isUseless;
    if (why === undefined) return undefined;
    if (state.slot !== undefined) await dropWith(client, slot);
    await client.query(
      `INSERT INTO ${home.readers} ("slot", "store") VALUES ($1, $2)
       ON CONFLICT ("slot") DO UPDATE SET "mustForget" = true, "seenAt" = clock_timestamp()`,
      [slot, store],
    );
    await createSlot(client, slot);
    return { why, isFirst: state.slot === undefined && state.mustForget === undefined };
  });
}

/** Why a slot cannot be read on from where it is; undefined where it can. */
export function reasonToBeginAnew(
  { slot, mustForget, writtenTo }: LogState,
  behindAtMost: number,
): string | undefined {
  if (slot === undefined) return 'its replication slot is gone';
  if (mustForget === undefined) return 'the store is not registered any more';
  if (slot.isLost) return 'the server has thrown away what was not read, by max_slot_wal_keep_size';
  const behind = Number(writtenTo - slot.appliedTo);
  return behind > behindAtMost
    ? `${Math.round(behind / 1e6)} MB of it were not read, and more than ${Math.round(behindAtMost / 1e6)} MB are never made up for`
    : undefined;
}

function slotOfOthers(slot: string): CacheError {
  return new CacheError(
    'CACHE_CONFIGURATION',
    `The server has a replication slot "${slot}" already, which is not one of this database for the plugin pgoutput; drop it: SELECT pg_drop_replication_slot('${slot}').`,
  );
}

/** Drops a slot with its reader, which takes a moment to end, and with those that take over from it meanwhile. */
async function dropWith(client: Pick<ClientBase, 'query'>, slot: string): Promise<void> {
  const found = `FROM pg_catalog.pg_replication_slots WHERE slot_name = ${pg.escapeLiteral(slot)}`;
  await client.query(
    `DO $$ BEGIN FOR attempt IN 1..400 LOOP
       PERFORM pg_terminate_backend(active_pid) ${found} AND active;
       EXIT WHEN NOT EXISTS (SELECT ${found} AND active);
       PERFORM pg_sleep(0.005);
     END LOOP;
     PERFORM pg_drop_replication_slot(slot_name) ${found}; END $$`,
  );
}

/** Drops the slots of all stores of this outbox, or of those that no process has asked for in the last ten minutes. */
export async function dropSlots(
  client: Pick<ClientBase, 'query'>,
  { readers }: LogHome,
  which: 'all' | 'forsaken',
): Promise<readonly string[]> {
  const { rows } = await client.query<{ slot: string }>(
    `SELECT r."slot" FROM ${readers} AS r
     WHERE ${which === 'all' ? 'true' : FORSAKEN}`,
  );
  for (const { slot } of rows) {
    await dropWith(client, slot);
    await client.query(`DELETE FROM ${readers} WHERE "slot" = $1`, [slot]);
  }
  return rows.map(({ slot }) => slot);
}

async function createSlot(client: ClientBase, slot: string): Promise<void> {
  try {
    await client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
  } catch (error) {
    if (sqlstateOf(error) === '57014' || isLockedByOthers(error)) {
      throw new CacheError(
        'CACHE_CONFIGURATION',
        'A transaction that writes has been open for 10 seconds, and PostgreSQL makes a replication slot only once it has ended; end it, and start again.',
        { cause: error },
      );
    }
    throw serverRefusal(error) ?? error;
  }
}

/**
 * Works while no other process does the same for this slot. Statements are committed one by one: PostgreSQL makes no slot in a
 * transaction that has written.
 */
async function oneAtATime<T>(
  pool: OutboxPool,
  slot: string,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query(`SET statement_timeout = ${CREATE_WITHIN_MS}`);
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [slot]);
    const result = await work(client);
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [slot]);
    await client.query('RESET statement_timeout');
    isBroken = false;
    return result;
  } finally {
    // A session with a lock or a limit of its own is of no use to others.
    client.release(isBroken);
  }
}

/**
 * The mark that everything must be forgotten, which is another one each time that this is said again; undefined where it is forgotten.
 * @throws where there is no slot: what is written before it is made would not be told of.
 */
export async function readMark(
  pool: OutboxPool,
  { readers }: LogHome,
  slot: string,
): Promise<string | undefined> {
  const { rows } = await pool.query<{ mark: string; mustForget: boolean }>(
    `SELECT r.xmin::text AS mark, r."mustForget" FROM ${readers} AS r
     WHERE r."slot" = $1 AND EXISTS (
       -- One that waits for its first place is listed without it.
       SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn IS NOT NULL)`,
    [slot],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the replication slot is being made anew');
  return row.mustForget ? row.mark : undefined;
}

/** Says that what had to be forgotten is, unless it was said meanwhile that it must be forgotten again. */
export async function haveForgotten(
  pool: OutboxPool,
  { readers }: LogHome,
  { slot, mark }: { readonly slot: string; readonly mark: string },
): Promise<void> {
  await pool.query(`UPDATE ${readers} SET "mustForget" = false WHERE "slot" = $1 AND xmin::text = $2`, [
    slot,
    mark,
  ]);
}

/**
 * It is noted once for all processes that look at the same time: a note makes another mark of the one that everything must be forgotten.
 * Resolves with the tables as they are now, by `tablesNowSql`.
 */
export async function stillSeen(pool: OutboxPool, home: LogHome, slot: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ hasForsaken: boolean; tablesNow: string | null }>(
    `WITH seen AS (UPDATE ${home.readers} SET "seenAt" = clock_timestamp()
       WHERE "slot" = $1 AND "seenAt" < clock_timestamp() - interval '${SEEN_EVERY}')
     SELECT EXISTS (SELECT FROM ${home.readers} AS r WHERE r."slot" <> $1 AND ${FORSAKEN}) AS "hasForsaken",
            ${tablesNowSql('$2')} AS "tablesNow"`,
    [slot, home.publication],
  );
  if (rows[0]?.hasForsaken === true) await dropForsaken(pool, home);
  return rows[0]?.tablesNow ?? undefined;
}

/** A slot that no process reads makes the server keep its log until the disk is full. */
async function dropForsaken(pool: OutboxPool, home: LogHome): Promise<void> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await dropSlots(client, home, 'forsaken');
    isBroken = false;
  } finally {
    client.release(isBroken);
  }
}
