import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { Redis } from 'ioredis';
import type { CacheOptions } from '../../../src/cache/index.js';
import { postgresOutbox } from '../../../src/cache/postgres/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { freePort } from '../free-port.js';
import { privatePostgres, type PrivatePostgres } from '../private-postgres.js';
import { privateRedis, type PrivateRedis } from '../private-redis.js';
import { tcpProxy, type TcpProxy } from '../servers/tcp-proxy.js';
import { rowCache, type RowCache, type RowDatabase } from './row-cache.js';

/** A place with a Redis of its own, and one process. */
export interface Region extends RowCache {
  readonly redis: PrivateRedis;
}

/** The database stands where the first region is; the second one is far from it. */
export interface TwoRegions {
  readonly pool: pg.Pool;
  readonly near: Region;
  readonly far: Region;
  /** Between the far region and the database. */
  readonly proxy: TcpProxy;
  /** Starts a process of one more region, whose Redis is away. */
  startedWithoutRedis(): Promise<RowCache>;
}

interface TwoRegionsOptions {
  readonly url: string;
  readonly servers: readonly [PrivateRedis, PrivateRedis];
  /** Default: triggers. */
  readonly source?: 'triggers' | 'log';
  /** Each way, between the far region and the database. */
  readonly latencyMs: number;
  readonly options?: Partial<CacheOptions<object>>;
}

/** Starts both; they end with the test. */
async function twoRegions({
  url,
  servers,
  source = 'triggers',
  latencyMs,
  options = {},
}: TwoRegionsOptions): Promise<TwoRegions> {
  const pool = poolTo(url);
  await pool.query('CREATE TABLE rows (id text PRIMARY KEY, version int NOT NULL)');
  await pool.query('INSERT INTO rows SELECT n, 1 FROM unnest($1::text[]) AS n', [ROW_IDS]);
  const at = new URL(url);
  const proxy = await tcpProxy(Number(at.port));
  at.port = `${proxy.port}`;
  const started = async (redisUrl: string, database: pg.Pool): Promise<RowCache> => {
    const tables = { Row: { table: 'rows' } };
    const region = rowCache({
      database: rowsIn(database),
      store: redisStore(new Redis(redisUrl, { lazyConnect: true })),
      outbox: postgresOutbox({ pool: database, tables, source }),
      acknowledge: 'region',
      ...options,
    });
    await region.cache.start();
    onTestFinished(() => region.cache.close());
    return region;
  };
  const near = { ...(await started(servers[0].url, pool)), redis: servers[0] };
  const far = { ...(await started(servers[1].url, poolTo(at.href))), redis: servers[1] };
  proxy.set({ latencyMs });
  const startedWithoutRedis = async () => started(`redis://127.0.0.1:${await freePort()}`, pool);
  return { pool, near, far, proxy, startedWithoutRedis };
}

function poolTo(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 3000, query_timeout: 3000, max: 20 });
  pool.on('error', () => undefined);
  onTestFinished(() => pool.end());
  return pool;
}

function rowsIn(pool: pg.Pool): RowDatabase {
  return {
    load: async (id) => {
      const { rows } = await pool.query<{ version: number }>('SELECT version FROM rows WHERE id = $1', [id]);
      return { id, version: rows[0]?.version ?? 0 };
    },
    write: async (id) => {
      const { rows } = await pool.query<{ version: number }>(
        'UPDATE rows SET version = version + 1 WHERE id = $1 RETURNING version',
        [id],
      );
      return rows[0]?.version ?? 0;
    },
  };
}

/** The rows that there are. */
export const ROW_IDS: readonly string[] = Array.from({ length: 20 }, (_, index) => `${index + 1}`);

/** Every row is read in every region. */
export async function warm(regions: readonly Region[]): Promise<void> {
  await Promise.all(
    regions.flatMap(({ read }) => ROW_IDS.flatMap((id) => [read('through', id), read('aside', id)])),
  );
}

/** Servers of this file, and two regions on a database of its own for each test. */
export function useTwoRegions(): (given: Omit<TwoRegionsOptions, 'url' | 'servers'>) => Promise<TwoRegions> {
  let postgres: PrivatePostgres;
  let servers: readonly [PrivateRedis, PrivateRedis];
  beforeAll(async () => {
    postgres = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
    servers = [await privateRedis(), await privateRedis()];
  });
  afterAll(async () => {
    await postgres.stop();
    for (const redis of servers) await redis.stop();
  });
  return async (given) => twoRegions({ url: await postgres.createDatabase(), servers, ...given });
}
