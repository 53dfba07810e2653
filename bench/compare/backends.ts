import { Redis } from 'ioredis';
import pg from 'pg';
import { seedDatabase } from '../../prisma/seed/seed.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { connectDatabase } from '../../src/database/connect-database.js';
import type { Closer } from '../../src/start/close-all.js';
import { MissingBinary } from '../../test/support/needs.js';
import { privatePostgres } from '../../test/support/private-postgres.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { testLog } from '../../test/support/test-log.js';
import { addViewers } from './viewers.js';

/** Where all contestants keep what they keep, each apart from the others. */
export interface Backends {
  /** As the page names them. */
  readonly title: string;
  /** Copies the demo data, with the viewers of the traffic; undefined where each process has a database of its own in memory. */
  readonly copyDatabase: (() => Promise<CopiedDatabase>) | undefined;
  /** Undefined where each process has a store in its memory. */
  readonly redis: SharedRedis | undefined;
}

export interface CopiedDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export interface SharedRedis {
  readonly url: string;
  /** All that it was sent since it started, the commands inside scripts included. */
  commands(): Promise<number>;
  /** What is kept under a prefix: keys, and the bytes of memory that they take. */
  kept(prefix: string): Promise<{ readonly entries: number; readonly bytes: number }>;
  forget(prefix: string): Promise<void>;
}

interface BackendOptions {
  /** Those that a user has; by default servers are started, and without their programs what is embedded is used. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Told of what is missing, and how to get it. */
  readonly tell: (line: string) => void;
  readonly closers: Closer[];
}

/** As a server that people rely on: what is committed is on the disk. */
const SETTINGS = ['fsync=on', 'full_page_writes=on', 'max_connections=200', 'max_wal_size=4GB'];

export async function openBackends(options: BackendOptions): Promise<Backends> {
  const redis = await openRedis(options);
  const databases = await openDatabases(options);
  return {
    title: `${databases?.title ?? 'PGlite in the memory of each process'}, ${redis?.title ?? 'a store in the memory of each process'}`,
    copyDatabase: databases?.copy,
    redis: redis?.redis,
  };
}

async function openRedis({ redisUrl, tell, closers }: BackendOptions) {
  const url = redisUrl ?? (await startRedis(tell, closers));
  if (url === undefined) return undefined;
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  closers.push({ what: 'a client of Redis', close: () => Promise.resolve(client.disconnect()) });
  client.on('error', () => undefined);
  const server = await client.info('server').catch((error: unknown) => {
    const which = redisUrl === undefined ? 'the Redis that was started' : 'the Redis that REDIS_URL names';
    throw new Error(`${which} does not answer: ${messageOf(error)}`);
  });
  return { title: `Redis ${/^redis_version:(\S+)/m.exec(server)?.[1]}`, redis: sharedRedis(url, client) };
}

async function startRedis(tell: BackendOptions['tell'], closers: Closer[]): Promise<string | undefined> {
  return orEmbedded(
    tell,
    'the store of each process is in its memory, and the naive cache is left out',
    async () => {
      const server = await privateRedis('--maxmemory', '1gb');
      closers.push({ what: 'Redis', close: () => server.stop() });
      return server.url;
    },
  );
}

function sharedRedis(url: string, client: Redis): SharedRedis {
  const scan = async (prefix: string, visit: (keys: readonly string[]) => Promise<void>): Promise<void> => {
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'MATCH', `*${prefix}*`, 'COUNT', 1000);
      if (keys.length > 0) await visit(keys);
      cursor = next;
    } while (cursor !== '0');
  };
  return {
    url,
    commands: async () =>
      Number(/^total_commands_processed:(\d+)/m.exec(await client.info('stats'))?.[1] ?? NaN),
    async kept(prefix) {
      let [entries, bytes] = [0, 0];
      await scan(prefix, async (keys) => {
        const sizes = await Promise.all(keys.map((key) => client.memory('USAGE', key)));
        entries += keys.length;
        bytes += sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
      });
      return { entries, bytes };
    },
    forget: (prefix) =>
      scan(prefix, async (keys) => {
        await client.unlink(...keys);
      }),
  };
}

async function openDatabases({ databaseUrl, tell, closers }: BackendOptions) {
  const url = databaseUrl ?? (await startPostgres(tell, closers));
  if (url === undefined) return undefined;
  const names = new DatabaseNames(url);
  const admin = new pg.Pool({ connectionString: url, max: 1 });
  admin.on('error', () => undefined);
  closers.push({ what: 'a connection to PostgreSQL', close: () => admin.end() });
  const run = async (sql: string): Promise<void> => {
    await admin.query(sql).catch((error: unknown) => {
      const what =
        databaseUrl === undefined
          ? 'the PostgreSQL that was started makes no databases'
          : 'DATABASE_URL must name a PostgreSQL whose user may make databases (CREATEDB)';
      throw new Error(`${what}: ${messageOf(error)}`);
    });
  };
  const made = async (template?: string): Promise<CopiedDatabase & { readonly name: string }> => {
    const name = names.next();
    await run(`CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${template}`}`);
    const drop = (): Promise<void> => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return { name, url: names.urlOf(name), drop };
  };
  tell('filling PostgreSQL with the demo data');
  const filled = await made();
  closers.push({ what: 'the demo data', close: filled.drop });
  await fill(filled.url);
  const { rows } = await admin.query<{ server_version: string }>('SHOW server_version');
  return {
    title: `PostgreSQL ${rows[0]?.server_version.split(' ')[0]}`,
    copy: () => made(filled.name),
  };
}

/** Databases of this run, which no other run names so. */
class DatabaseNames {
  readonly #url: string;
  #made = 0;

  constructor(url: string) {
    this.#url = url;
  }

  next(): string {
    this.#made += 1;
    return `compare_${process.pid}_${this.#made}`;
  }

  urlOf(name: string): string {
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return url.href;
  }
}

async function startPostgres(tell: BackendOptions['tell'], closers: Closer[]): Promise<string | undefined> {
  return orEmbedded(
    tell,
    'each process has PGlite in its memory, and what a crash loses is not measured',
    async () => {
      const server = await privatePostgres(...SETTINGS);
      closers.push({ what: 'PostgreSQL', close: () => server.stop() });
      return server.url;
    },
  );
}

async function orEmbedded<T>(
  tell: BackendOptions['tell'],
  instead: string,
  start: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof MissingBinary)) throw error;
    tell(`${error.message.replace(', so tests that need it cannot run', '')} Without it ${instead}.`);
    return undefined;
  }
}

async function fill(url: string): Promise<void> {
  const log = testLog();
  const database = await connectDatabase({ databaseUrl: url, dataDirectory: '', log });
  try {
    await applyMigrations({ pool: database.pool, log });
    await seedDatabase(database, { log });
    await addViewers(database.pool);
    await database.pool.query('ANALYZE');
  } finally {
    await database.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
