import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Outbox } from '../cache/index.js';
import type { Database } from '../database/database.js';
import type { DatabaseLog } from '../database/database-log.js';
import { parseRedisUrl } from '../redis/parse-redis-url.js';
import { listenForRows } from './listen-for-rows.js';
import { postgresOutbox, type PostgresOutboxOptions } from './postgres-outbox.js';
import { syncTriggers } from './sync-triggers.js';
import { tagsOfRows, type TagsOfRows } from './tags-of-rows.js';

export interface OpenOutboxOptions {
  readonly database: Pick<Database, 'pool' | 'upkeep'>;
  readonly log: DatabaseLog;
  /** The namespaces of the schema's keys and tags. */
  readonly namespaces: ReadonlySet<string>;
  /** They, and those that only `cache.fetch` uses: a tag of any other namespace is a fault. Default: none is. */
  readonly used?: ReadonlySet<string>;
  /** Undefined for the embedded database: it has no second connection, and nobody else writes to it. */
  readonly databaseUrl: string | undefined;
  /** Undefined for the store in the memory of this process. */
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  /** Default: those of this API. */
  readonly declared?: TagsOfRows;
}

/**
 * Makes sure that every write is written down by triggers, and opens what they write to.
 * @throws ConfigurationError when the declarations do not fit the tables, or the rights are missing.
 */
export async function openOutbox(options: OpenOutboxOptions): Promise<Outbox> {
  const { database, log, namespaces, used, databaseUrl, declared = tagsOfRows } = options;
  const { pool, upkeep } = database;
  await syncTriggers({ pool, log, declared, namespaces, used });
  return postgresOutbox({
    pool: upkeep,
    pruningPool: pool,
    ...storeName(options),
    listen: (onRows, onListening) =>
      databaseUrl === undefined
        ? () => Promise.resolve()
        : listenForRows(databaseUrl, { onRows, log, ...(onListening && { onListening }) }),
  });
}

/** The same for all processes that share a store, and for nobody else. */
function storeName({
  redisUrl,
  redisPrefix,
}: Pick<OpenOutboxOptions, 'redisUrl' | 'redisPrefix'>): Pick<
  PostgresOutboxOptions,
  'store' | 'endsWithProcess'
> {
  if (redisUrl === undefined) return { store: `memory ${randomUUID()}`, endsWithProcess: true };
  const { host, port, database } = parseRedisUrl(redisUrl);
  // Two machines may each have a Redis of their own under this name.
  const where = LOOPBACK.test(host) ? `${hostname()} ${host}` : host;
  return { store: `redis ${where}:${port}/${database} ${redisPrefix}`, endsWithProcess: false };
}

const LOOPBACK = /^(localhost|127\.|::1|\[::1\])/;
