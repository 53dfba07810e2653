import pg from 'pg';
import type { Closer } from '../../src/start/close-all.js';
import { applyLogOutbox, applyOutbox } from '../../src/cache/postgres/index.js';
import { privatePostgres, type PrivatePostgres } from '../../test/support/private-postgres.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { startApi, type ApiProcess } from './api-process.js';
import { nameOf, type Mode, type Setup } from './modes.js';
import { makeMovies } from './movies.js';
import { startReader } from './reader.js';

/** A database, and what watches it. */
export interface Written {
  readonly setup: Setup;
  readonly databaseUrl: string;
  readonly processes: readonly ApiProcess[];
  /** Leaves nothing to the measurement that follows: what is written down is read, or thrown away. */
  rest(): Promise<void>;
}

/** As a server is that somebody relies on: a commit is on the disk. Checkpoints come between the measurements. */
const SETTINGS = [
  'fsync=on',
  'full_page_writes=on',
  'max_connections=200',
  'max_wal_size=8GB',
  'checkpoint_timeout=1h',
];

/** As somebody has it who lets others read the log. */
const LOG_SETTINGS = ['wal_level=logical', 'max_slot_wal_keep_size=8GB'];

/** As on a disk that is slower by so much: whoever writes the log for all who commit takes as much longer, also where it is one. */
function slowerDisk(commitMs: number): readonly string[] {
  return commitMs === 0 ? [] : [`commit_delay=${commitMs * 1000}`, 'commit_siblings=0'];
}

interface StartOptions {
  readonly closers: Closer[];
  readonly commitMs: number;
  readonly signal: AbortSignal;
}

export async function startAll(
  setups: readonly Setup[],
  { closers, commitMs, signal }: StartOptions,
): Promise<readonly Written[]> {
  const startServer = async (...more: string[]): Promise<PrivatePostgres> => {
    const server = await privatePostgres(...SETTINGS, ...slowerDisk(commitMs), ...more);
    closers.push({ what: 'PostgreSQL', close: () => server.stop() });
    return server;
  };
  const plain = await startServer();
  const redis = await privateRedis();
  closers.push({ what: 'Redis', close: redis.stop });
  const all: Written[] = [];
  for (const setup of setups) {
    signal.throwIfAborted();
    console.error(`starting: ${nameOf(setup)}`);
    // A reader of a log reads what is written to all databases of its server.
    const hasLog = setup.mode === 'log' || setup.mode === 'reader';
    const server = hasLog ? await startServer(...LOG_SETTINGS) : plain;
    const databaseUrl = await server.createDatabase();
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    pool.on('error', () => undefined);
    closers.push({ what: 'a pool', close: () => pool.end() });
    await pool.query(makeMovies);
    const prefix = `bench${all.length}`;
    const processes: ApiProcess[] = [];
    for (let number = 0; number < setup.processes; number += 1) {
      const settings = {
        source: sourceOf(setup.mode),
        databaseUrl,
        redisUrl: redis.url,
        prefix,
        number,
        of: setup.processes,
      };
      const process = await startApi(settings, signal);
      closers.push({ what: 'a process of the API', close: () => process.stop() });
      processes.push(process);
    }
    if (setup.mode === 'reader') closers.push(await startReader(pool, databaseUrl));
    else if (setup.processes === 0) await registerAway(pool, setup.mode);
    all.push({ setup, databaseUrl, processes, rest: () => rest(pool, setup) });
  }
  return all;
}

function sourceOf(mode: Mode): 'triggers' | 'log' {
  return mode === 'log' ? 'log' : 'triggers';
}

/** A store is written for whose processes are away. */
async function registerAway(pool: pg.Pool, mode: Mode): Promise<void> {
  if (mode === 'none') return;
  if (mode === 'log') {
    await applyLogOutbox({ pool, tables: { Movie: {} } });
    await pool.query(`SELECT pg_create_logical_replication_slot('away', 'pgoutput')`);
    return;
  }
  await applyOutbox({ pool, tables: { Movie: {} } });
  await pool.query(`INSERT INTO ${await outboxIn(pool, 'CacheStore')} ("name") VALUES ('away')`);
}

async function outboxIn(pool: pg.Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class AS c WHERE c.relname = $1`,
    [table],
  );
  return rows[0]?.name ?? table;
}

/** A slot without a reader begins anew, as after a long absence; what others have read is waited for. */
async function restLog(pool: pg.Pool, processes: number): Promise<void> {
  if (processes === 0) {
    await pool.query(`SELECT pg_drop_replication_slot('away')`);
    await pool.query(`SELECT pg_create_logical_replication_slot('away', 'pgoutput')`);
    return;
  }
  const { rows } = await pool.query<{ place: string }>('SELECT pg_current_wal_insert_lsn()::text AS place');
  const untilMs = performance.now() + DRAINED_WITHIN_MS;
  const waits = 'SELECT FROM pg_replication_slots WHERE confirmed_flush_lsn < $1::pg_lsn';
  while (performance.now() < untilMs && (await pool.query(waits, [rows[0]?.place])).rowCount !== 0) {
    await pool.query('SELECT pg_sleep(0.1)');
  }
}

const DRAINED_WITHIN_MS = 60_000;

async function rest(pool: pg.Pool, { mode, processes }: Setup): Promise<void> {
  if (mode === 'triggers') {
    const outbox = await outboxIn(pool, 'CacheOutbox');
    if (processes === 0) await pool.query(`TRUNCATE ${outbox}`);
    const untilMs = performance.now() + DRAINED_WITHIN_MS;
    const waits = `SELECT FROM ${outbox} AS o WHERE coalesce(to_jsonb(o)->>'doneAt', '') = '' LIMIT 1`;
    while (processes > 0 && performance.now() < untilMs && (await pool.query(waits)).rowCount !== 0) {
      await pool.query('SELECT pg_sleep(0.1)');
    }
  }
  if (mode === 'log') await restLog(pool, processes);
  await pool.query('VACUUM ANALYZE "Movie"');
  await pool.query('CHECKPOINT');
}
