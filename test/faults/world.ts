import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Store } from '../../src/cache/index.js';
import { applyOutbox, postgresOutbox } from '../../src/cache/postgres/index.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { percentile } from '../support/load/percentile.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { ownWay, privateTestedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { rowCache, type RowCache, type RowField } from '../support/worlds/row-cache.js';
import type { TcpProxy } from '../support/servers/tcp-proxy.js';
import { testLog } from '../support/test-log.js';

const NAMESPACES: ReadonlySet<string> = new Set(['Row']);

/** One process, its way to Redis, and what may be planted into its store. */
export interface FaultyProcess extends RowCache {
  /** One to each server. */
  readonly proxies: readonly TcpProxy[];
}

export interface FaultWorld {
  readonly redis: TestedRedis;
  readonly database: pg.Pool;
  readonly processes: readonly FaultyProcess[];
}

export interface WorldOptions {
  readonly processes?: number;
  readonly plant?: ((store: Store, process: number) => Store) | undefined;
  readonly strictCopies?: boolean;
}

/** Rows that are soaked: two under their own key, one under a tag. */
const ROWS: readonly { readonly field: RowField; readonly id: string }[] = [
  { field: 'through', id: '1' },
  { field: 'through', id: '2' },
  { field: 'aside', id: '3' },
];

/** One server for all worlds of a file, each with a database of its own. */
let postgres: Promise<PrivatePostgres> | undefined;

/** Ends the server that the worlds shared. */
export async function endWorlds(): Promise<void> {
  await (await postgres)?.stop();
}

/**
 * Caches over one PostgreSQL and one Redis, each behind a proxy of its own, with triggers and a relay each: everything
 * that stands between a write and a read in production.
 */
export async function faultWorld({
  processes = 2,
  plant = (store) => store,
  strictCopies = false,
}: WorldOptions): Promise<FaultWorld> {
  postgres ??= privatePostgres();
  const [redis, server] = await Promise.all([privateTestedRedis(), postgres]);
  const databaseUrl = await server.createDatabase();
  const database = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  // A row may be read while the server is being stopped.
  database.on('error', () => undefined);
  onTestFinished(async () => {
    await database.end();
    await redis.stop();
  }, 30_000);
  await applyMigrations({ pool: database, log: testLog() });
  await database.query('CREATE TABLE "Row" (id text PRIMARY KEY, version int NOT NULL DEFAULT 1)');
  await database.query('INSERT INTO "Row" SELECT n::text FROM generate_series(1, 1000) AS n');
  await applyOutbox({ pool: database, tables: {}, namespaces: NAMESPACES });
  const rows = {
    load: async (id: string) => {
      const { rows: found } = await database.query<{ id: string; version: number }>(
        'SELECT id, version FROM "Row" WHERE id = $1',
        [id],
      );
      await passes(Math.random() < 0.01 ? 400 : Math.random() * 30);
      return found[0] ?? { id, version: 0 };
    },
    write: async (id: string) => {
      const { rows: written } = await database.query<{ version: number }>(
        'UPDATE "Row" SET version = version + 1 WHERE id = $1 RETURNING version',
        [id],
      );
      return written[0]?.version ?? 0;
    },
  };
  const start = async (number: number): Promise<FaultyProcess> => {
    const { proxies, client } = await ownWay(redis);
    const store = redisStore(client, { prefix: 'faults' });
    const outbox = postgresOutbox({ pool: database, log: testLog() });
    const process = rowCache({ store: plant(store, number), database: rows, strictCopies, outbox });
    await process.cache.start();
    onTestFinished(() => process.cache.close());
    return { ...process, proxies };
  };
  const started: FaultyProcess[] = [];
  for (let number = 0; number < processes; number += 1) started.push(await start(number));
  return { redis, database, processes: started };
}

export interface FaultResult {
  readonly reads: number;
  /** Reads that returned less than was acknowledged as strict when they began. */
  readonly stale: number;
  readonly errors: number;
  readonly strictWrites: number;
  readonly boundedWrites: number;
  readonly hitRatio: number;
  readonly p99Ms: number;
  readonly writeP99Ms: number;
}

export interface SoakOptions {
  readonly forMs: number;
  readonly readers?: number;
  readonly writers?: number;
  /** Comes over the world again and again; its own pauses included. */
  readonly trouble?: ((world: FaultWorld) => Promise<unknown>) | undefined;
  /** Ends the soak early, once so many reads were stale. */
  readonly enough?: number;
}

/** Reads and writes through all processes while trouble goes on. */
export async function soak(world: FaultWorld, options: SoakOptions): Promise<FaultResult> {
  const { forMs, readers = 20, writers = 4, trouble, enough = Infinity } = options;
  const { processes } = world;
  const acknowledged = new Map<string, number>();
  const latenciesMs: number[] = [];
  const writesMs: number[] = [];
  const startedAtMs = performance.now();
  let [stale, errors, strictWrites, boundedWrites] = [0, 0, 0, 0];
  const goesOn = (): boolean => performance.now() - startedAtMs < forMs && stale < enough;

  const reader = async (): Promise<void> => {
    while (goesOn()) {
      const { field, id } = oneOf(ROWS);
      const atLeast = acknowledged.get(id) ?? 0;
      const since = performance.now();
      try {
        if ((await oneOf(processes).read(field, id)) < atLeast) stale += 1;
      } catch {
        errors += 1;
      }
      latenciesMs.push(performance.now() - since);
    }
  };
  const writer = async (): Promise<void> => {
    while (goesOn()) {
      const { id } = oneOf(ROWS);
      const process = oneOf(processes);
      const since = performance.now();
      try {
        const { version, consistency } = await process.acknowledged(id);
        writesMs.push(performance.now() - since);
        if (consistency === 'bounded') boundedWrites += 1;
        else {
          strictWrites += 1;
          acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, version));
        }
      } catch {
        errors += 1;
      }
      await passes(Math.random() * 100);
    }
  };
  const troublemaker = async (): Promise<void> => {
    while (trouble !== undefined && goesOn()) await trouble(world);
  };
  const all = (count: number, actor: () => Promise<void>): Promise<void>[] =>
    Array.from({ length: count }, actor);
  await Promise.all([...all(readers, reader), ...all(writers, writer), troublemaker()]);
  const counters = processes.flatMap(({ cache }) => Object.values(cache.stats.counters()));
  return {
    reads: latenciesMs.length,
    stale,
    errors,
    strictWrites,
    boundedWrites,
    hitRatio: counters.reduce((sum, { hits }) => sum + hits, 0) / latenciesMs.length,
    p99Ms: percentile(latenciesMs, 0.99),
    writeP99Ms: percentile(writesMs, 0.99),
  };
}

export function oneOf<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}
