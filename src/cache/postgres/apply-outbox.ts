import pg, { type ClientBase } from 'pg';
import { CacheError } from '../errors.js';
import { compareOutbox, lacksRightsSentence, type OutboxFault } from './compare-outbox.js';
import { earlierOutboxSql } from './earlier-outbox.js';
import { DEFAULT_SCHEMA, homeOf, type Home } from './home.js';
import { inTransaction } from './in-transaction.js';
import { outboxTables, rightsOf, withoutEarlierTables } from './outbox-tables-sql.js';
import { makeSchema, removeEmptySchema } from './own-schema.js';
import { poolOf, type PoolOption } from './pool-option.js';
import { presentOutbox, whoLacksRights } from './present-outbox.js';
import { mayUse } from './refuse-rights.js';
import type { Tables } from './tables.js';
import { isLockedByOthers, WAIT_SHORTLY, withShortLocks } from './short-locks.js';
import { isNotReached } from './sqlstate.js';
import { sharedFunctions } from './trigger-sql.js';
import { wantedOutbox, type WantedOptions } from './wanted-outbox.js';

/** What the tables, functions and triggers of an outbox are made from. */
export interface OutboxSqlOptions {
  /** Connects as a user that owns the tables; printing and checking only read. */
  readonly pool: PoolOption;
  /** What each namespace is in the database; see TableMapping. */
  readonly tables: Tables;
  /** The schema of the outbox's own tables and functions. Default: corral. */
  readonly schema?: string;
  /** The namespaces of the keys and tags of the schema, and of the option `fetches`. Default: those of `tables`. */
  readonly namespaces?: Iterable<string>;
  /** A role that runs the API and owns no tables: it is given the rights on the outbox. Default: none. */
  readonly role?: string;
}

/** Processes that start together make the triggers one after the other. */
const ADVISORY_LOCK = 72_707_370;

export interface Applied {
  readonly home: Home;
  /** The tables whose triggers were made or changed. */
  readonly changed: readonly string[];
  readonly unwatched: readonly string[];
  /** What is not seen although it is watched, as sentences. */
  readonly unseen: readonly string[];
}

/** Makes the database what the mapping asks for; what is there already is left alone. */
export async function bringUpToDate(
  pool: Parameters<typeof inTransaction>[0],
  options: WantedOptions & { readonly role?: string | undefined },
): Promise<Applied> {
  return locked(pool, async (client) => {
    const wanted = await wantedOutbox(client, options);
    const { home, shared } = wanted;
    const present = await presentOutbox(client, home, shared);
    const difference = compareOutbox(wanted, present);
    if (!present.hasSchema) await makeSchema(client, home);
    if (difference.needsTables) await client.query(withoutEarlierTables(home) + outboxTables(home));
    if (difference.needsShared) await client.query(shared.map(({ sql }) => sql).join('\n'));
    for (const { sql } of difference.outdated) await client.query(sql);
    for (const sql of difference.superfluous) await client.query(sql);
    for (const sql of await earlierOutboxSql(client, wanted.earlier)) await client.query(sql);
    await grantWhatLacks(client, home, options.role);
    return {
      home,
      changed: difference.outdated.map(({ table = '' }) => table),
      unwatched: wanted.unwatched,
      unseen: unseenOf(wanted.unseen),
    };
  });
}

/**
 * To the role that runs the API, and to the one by whose rights triggers write rows; not again to one that has all, as each GRANT has
 * every store forget everything.
 */
async function grantWhatLacks(client: ClientBase, home: Home, role: string | undefined): Promise<void> {
  if (role !== undefined && !(await mayUse(client, home, role)).may)
    await client.query(rightsOf(home, pg.escapeIdentifier(role)));
  const lacking = await whoLacksRights(client, home);
  if (lacking === undefined) return;
  await client.query(rightsOf(home, pg.escapeIdentifier(lacking)));
  if ((await whoLacksRights(client, home)) === undefined) return;
  throw new CacheError(
    'CACHE_CONFIGURATION',
    `Writes cannot be watched: ${lacksRightsSentence(home, lacking)}; the owner of the outbox runs:${rightsOf(home, pg.escapeIdentifier(lacking))}`,
  );
}

/** What of a database is not what the mapping asks for; changes nothing. */
export async function lookAt(
  pool: Parameters<typeof inTransaction>[0],
  options: WantedOptions,
): Promise<Applied & { readonly faults: readonly OutboxFault[] }> {
  return inTransaction(pool, async (client) => {
    const wanted = await wantedOutbox(client, options);
    const { faults } = compareOutbox(wanted, await presentOutbox(client, wanted.home, wanted.shared));
    const hasEarlier = (await earlierOutboxSql(client, wanted.earlier)).length > 0;
    const message = `the schema "${wanted.earlier ?? ''}" has the outbox of an earlier version`;
    return {
      home: wanted.home,
      changed: [],
      unwatched: wanted.unwatched,
      unseen: unseenOf(wanted.unseen),
      faults: hasEarlier ? [...faults, { kind: 'superfluous', message }] : faults,
    };
  });
}

/**
 * Makes the tables of the outbox, its functions and the triggers; again is allowed, and changes what the mapping changed.
 * Resolves with the names of the tables whose triggers were made or changed.
 * @throws CacheError CACHE_CONFIGURATION when the mapping does not fit the tables, or rights are missing.
 */
export async function applyOutbox(options: OutboxSqlOptions): Promise<readonly string[]> {
  const { changed } = await bringUpToDate(await poolOf(options.pool), wantedOf(options));
  return changed;
}

/** What is missing, changed or superfluous, each as a sentence; an empty list where all is as it should be. Changes nothing. */
export async function checkOutbox(options: OutboxSqlOptions): Promise<readonly OutboxFault[]> {
  const { faults } = await lookAt(await poolOf(options.pool), wantedOf(options));
  return faults;
}

/**
 * The SQL that `applyOutbox` would send to a database without an outbox of this version, to be put into a migration. Changes nothing.
 */
export async function outboxSql(options: OutboxSqlOptions): Promise<string> {
  const pool = await poolOf(options.pool);
  const { home, shared, functions, earlier } = await inTransaction(pool, async (client) => {
    const wanted = await wantedOutbox(client, wantedOf(options));
    return { ...wanted, earlier: await earlierOutboxSql(client, wanted.earlier) };
  });
  const parts = [
    `CREATE SCHEMA IF NOT EXISTS ${home.quoted};`,
    outboxTables(home),
    ...shared.map(({ sql }) => sql),
    ...functions.map(({ table = '', sql }) => `\n-- The table ${table}.${sql}`),
    ...earlier,
    ...(options.role === undefined ? [] : [rightsOf(home, pg.escapeIdentifier(options.role))]),
  ];
  return `${parts.join('\n').trimStart()}\n`;
}

/**
 * Takes the triggers and functions away, and the two tables, unless they are kept. Nothing is told to caches any more: end
 * their processes first.
 */
export async function removeOutbox({
  pool: option,
  schema,
  keepTables = false,
}: Pick<OutboxSqlOptions, 'pool' | 'schema'> & {
  /** True where a migration made "CacheOutbox" and "CacheStore". Default: false. */
  readonly keepTables?: boolean;
}): Promise<void> {
  await locked(await poolOf(option), async (client) => {
    const home = homeOf(schema ?? DEFAULT_SCHEMA);
    const { functions } = await presentOutbox(client, home, sharedFunctions(home));
    for (const { name, arguments: given } of functions) {
      await client.query(`DROP ROUTINE ${home.quoted}."${name.replaceAll('"', '""')}"(${given}) CASCADE`);
    }
    if (keepTables) return;
    if (schema === undefined) {
      const { rows } = await client.query<{ schema: string }>('SELECT current_schema() AS schema');
      for (const sql of await earlierOutboxSql(client, rows[0]?.schema)) await client.query(sql);
    }
    await client.query(`DROP TABLE IF EXISTS ${home.outbox}, ${home.stores}`);
    await removeEmptySchema(client, home);
  });
}

function wantedOf({
  tables,
  schema,
  namespaces,
  role,
}: OutboxSqlOptions): WantedOptions & { role: string | undefined } {
  return { tables, schema, namespaces: new Set(namespaces ?? Object.keys(tables)), role };
}

function unseenOf(relations: readonly { readonly schema: string; readonly name: string }[]): string[] {
  return relations.map(
    ({ schema, name }) =>
      `The partition "${schema}"."${name}" is a foreign table, on which no trigger sees changed rows: what is written into it directly is not seen.`,
  );
}

async function locked<T>(
  pool: Parameters<typeof inTransaction>[0],
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  try {
    return await withShortLocks(pool, async (client) => {
      // Limits of the pool are for statements of requests; and another process that makes the triggers is waited for, however long.
      await client.query(
        'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0',
      );
      await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
      await client.query(WAIT_SHORTLY);
      return work(client);
    });
  } catch (error) {
    if (error instanceof CacheError || isNotReached(error)) throw error;
    throw isLockedByOthers(error) ? stillLocked(error) : refusal(error);
  }
}

function stillLocked(cause: unknown): CacheError {
  return new CacheError(
    'CACHE_CONFIGURATION',
    'The triggers that watch for writes cannot be made, because a transaction has kept a table locked for 10 seconds; end it, and start again.',
    { cause },
  );
}

function refusal(cause: unknown): CacheError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CacheError(
    'CACHE_CONFIGURATION',
    `The triggers that watch for writes cannot be made: ${reason}. The database user must own the tables; where it must not, ` +
      "their owner runs `npx graphql-corral outbox apply`, and the API opens the outbox with `triggers: 'check'`.",
    { cause },
  );
}
