import pg from 'pg';
import { onTestFinished } from 'vitest';
import { Redis } from 'ioredis';
import type { CacheOptions } from '../../../src/cache/index.js';
import { postgresOutbox, type PostgresOutboxOptions } from '../../../src/cache/postgres/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
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
}

export interface TwoRegionsOptions {
  readonly url: string;
  readonly servers: readonly [PrivateRedis, PrivateRedis];
  readonly source: PostgresOutboxOptions['source'];
  /** Each way, between the far region and the database. */
  readonly latencyMs: number;
  readonly options?: Partial<CacheOptions<object>>;
}

/** Starts both; they end with the test. */
export async function twoRegions({
  url,
  servers,
  source,
  latencyMs,
  options = {},
}: TwoRegionsOptions): Promise<TwoRegions> {
  const pool = poolTo(url);
  await pool.query('CREATE TABLE rows (id text PRIMARY KEY, version int NOT NULL)');
  await pool.query('INSERT INTO rows SELECT n::text, 1 FROM generate_series(1, 40) AS n');
  const at = new URL(url);
  const proxy = await tcpProxy(Number(at.port));
  at.port = `${proxy.port}`;
  const started = async (redis: PrivateRedis, database: pg.Pool): Promise<Region> => {
    const tables = { Row: { table: 'rows' } };
    const region = rowCache({
      database: rowsIn(database),
      store: redisStore(new Redis(redis.url, { lazyConnect: true })),
      outbox: postgresOutbox({ pool: database, tables, ...(source && { source }) }),
      ...options,
    });
    await region.cache.start();
    onTestFinished(() => region.cache.close());
    return { ...region, redis };
  };
  const near = await started(servers[0], pool);
  const far = await started(servers[1], poolTo(at.href));
  proxy.set({ latencyMs });
  return { pool, near, far, proxy };
}

function poolTo(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 1500, query_timeout: 1500 });
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

/** Two servers for `twoRegions`. */
export async function redisOfTwoRegions(): Promise<readonly [PrivateRedis, PrivateRedis]> {
  return [await privateRedis(), await privateRedis()];
}
