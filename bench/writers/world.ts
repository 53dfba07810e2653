import pg from 'pg';
import type { Closer } from '../../src/start/close-all.js';
import { applyOutbox } from '../../src/cache/postgres/index.js';
import { privatePostgres } from '../../test/support/private-postgres.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { startApi, type ApiProcess } from './api-process.js';
import { nameOf, type Setup } from './modes.js';
import { makeMovies } from './movies.js';

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

export async function startAll(
  setups: readonly Setup[],
  { closers, signal }: { readonly closers: Closer[]; readonly signal: AbortSignal },
): Promise<readonly Written[]> {
  const server = await privatePostgres(...SETTINGS);
  closers.push({ what: 'PostgreSQL', close: () => server.stop() });
  const redis = await privateRedis();
  closers.push({ what: 'Redis', close: redis.stop });
  const all: Written[] = [];
  for (const setup of setups) {
    signal.throwIfAborted();
    console.error(`starting: ${nameOf(setup)}`);
    const databaseUrl = await server.createDatabase();
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    pool.on('error', () => undefined);
    closers.push({ what: 'a pool', close: () => pool.end() });
    await pool.query(makeMovies);
    const prefix = `bench${all.length}`;
    const processes: ApiProcess[] = [];
    for (let number = 0; number < setup.processes; number += 1) {
      const settings = { databaseUrl, redisUrl: redis.url, prefix, number, of: setup.processes };
      const process = await startApi(settings, signal);
      closers.push({ what: 'a process of the API', close: () => process.stop() });
      processes.push(process);
    }
    if (setup.mode === 'triggers' && setup.processes === 0) await registerNobody(pool);
    all.push({ setup, databaseUrl, processes, rest: () => rest(pool, setup) });
  }
  return all;
}

/** A store is written for whose processes are away. */
async function registerNobody(pool: pg.Pool): Promise<void> {
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
  await pool.query('VACUUM ANALYZE "Movie"');
  await pool.query('CHECKPOINT');
}
