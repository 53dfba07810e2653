import pg, { type ClientBase } from 'pg';
import { CacheError } from '../../errors.js';
import type { OutboxSqlOptions } from '../apply-outbox.js';
import type { OutboxFault } from '../compare-outbox.js';
import { earlierOutboxSql } from '../earlier-outbox.js';
import { DEFAULT_SCHEMA } from '../home.js';
import { inTransaction } from '../in-transaction.js';
import { makeSchema, removeEmptySchema } from '../own-schema.js';
import { poolOf, type OutboxPool } from '../pool-option.js';
import { isLockedByOthers, withShortLocks } from '../short-locks.js';
import { isNotReached } from '../sqlstate.js';
import { wantedOutbox } from '../wanted-outbox.js';
import { logHomeOf, logRightsOf, type LogHome } from './log-home.js';
import { compareLog, wantedLog, type WantedLog } from './publication.js';
import { letReplicateSql, mayReplicateSql } from './server-refusals.js';
import { dropSlots } from './slots.js';
import { untoldByLog } from './untold-by-log.js';

/** The same as of processes that make triggers: they make this together one after the other as well. */
const ADVISORY_LOCK = 72_707_370;

/** Makes the publication and the tables' replica identities what the mapping asks for. Resolves with the tables that changed. */
export async function applyLog(
  pool: OutboxPool,
  wanted: WantedLog,
  role?: string,
): Promise<readonly string[]> {
  return alone(pool, async (client) => {
    const { sql, changed, hasSchema } = await compareLog(client, wanted);
    if (!hasSchema) await makeSchema(client, wanted.home);
    for (const statement of sql) await client.query(statement);
    for (const statement of await earlierOutboxSql(client, wanted.earlier)) await client.query(statement);
    if (role !== undefined) await giveRights(client, wanted.home, role);
    return changed;
  });
}

/**
 * Makes what reading the log needs: the publication of the mapped tables, their replica identities, the table of stores. Again is
 * allowed. Resolves with the names of the tables of which the log tells more or otherwise than before.
 * @throws CacheError CACHE_CONFIGURATION when the mapping does not fit the tables, or rights are missing.
 */
export async function applyLogOutbox(options: OutboxSqlOptions): Promise<readonly string[]> {
  const pool = await poolOf(options.pool);
  return applyLog(pool, await inTransaction(pool, (client) => wantedOf(client, options)), options.role);
}

/** What of that is missing or changed, each as a sentence; an empty list where all is as it should be. Changes nothing. */
export async function checkLogOutbox(options: OutboxSqlOptions): Promise<readonly OutboxFault[]> {
  return inTransaction(await poolOf(options.pool), async (client) => {
    const { faults } = await compareLog(client, await wantedOf(client, options));
    return faults;
  });
}

/** The SQL that `applyLogOutbox` would send now, to be put into a migration. Changes nothing. */
export async function logOutboxSql(options: OutboxSqlOptions): Promise<string> {
  return inTransaction(await poolOf(options.pool), async (client) => {
    const wanted = await wantedOf(client, options);
    const { sql } = await compareLog(client, wanted);
    const earlier = await earlierOutboxSql(client, wanted.earlier);
    const { role } = options;
    const rights =
      role === undefined
        ? []
        : [logRightsOf(wanted.home, pg.escapeIdentifier(role)), ...(await replicationSql(client, role))];
    return `${['BEGIN;', ...sql, ...earlier, ...rights, 'COMMIT;'].join('\n')}\n`;
  });
}

/**
 * Takes the publication away, the replication slots of all stores, and the table of stores: end the processes that read the log
 * first. Replica identities stay as they are.
 */
export async function removeLogOutbox({
  pool: option,
  schema,
}: Pick<OutboxSqlOptions, 'pool' | 'schema'>): Promise<void> {
  const pool = await poolOf(option);
  const home = logHomeOf(schema ?? DEFAULT_SCHEMA);
  const client = await pool.connect();
  let isBroken = true;
  try {
    const { rows } = await client.query<{ isThere: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                      WHERE n.nspname = $1 AND c.relname = 'CacheLogReader') AS "isThere"`,
      [home.schema],
    );
    if (rows[0]?.isThere === true) await dropSlots(client, home, 'all');
    await client.query(`DROP PUBLICATION IF EXISTS ${pg.escapeIdentifier(home.publication)}`);
    await client.query(`DROP TABLE IF EXISTS ${home.readers}`);
    await removeEmptySchema(client, home);
    isBroken = false;
  } finally {
    client.release(isBroken);
  }
}

async function wantedOf(
  client: ClientBase,
  { tables, schema, namespaces }: OutboxSqlOptions,
): Promise<WantedLog> {
  const given = namespaces ?? Object.keys(tables);
  const wanted = wantedLog(await wantedOutbox(client, { tables, schema, namespaces: new Set(given) }));
  const untold = untoldByLog(wanted.watched);
  if (untold.length === 0) return wanted;
  const list = untold.map((sentence) => `  - ${sentence}`).join('\n');
  throw new CacheError('CACHE_CONFIGURATION', `The log cannot tell of all that is mapped:\n${list}`);
}

async function giveRights(client: ClientBase, home: LogHome, role: string): Promise<void> {
  await client.query(logRightsOf(home, pg.escapeIdentifier(role)));
  for (const sql of await replicationSql(client, role)) {
    await client.query(sql).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CacheError(
        'CACHE_CONFIGURATION',
        `The role "${role}" may not read the log, and this user may not let it (${reason}); an administrator runs ${sql} Nothing was changed: run this again then.`,
        { cause },
      );
    });
  }
}

/** The right to read the log, which administrators give, for a role that may not read it yet. */
async function replicationSql(client: ClientBase, role: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ may: boolean; letting: string }>(
    `SELECT ${mayReplicateSql('$1')} AS may, ${letReplicateSql('$1')} AS letting`,
    [role],
  );
  return rows.flatMap(({ may, letting }) => (may ? [] : [`${letting};`]));
}

/** Works while no other process makes the same, and waits for no table for long. */
export async function alone<T>(pool: OutboxPool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  try {
    return await withShortLocks(pool, async (client) => {
      await client.query('SET LOCAL statement_timeout = 0');
      await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
      return work(client);
    });
  } catch (error) {
    if (error instanceof CacheError || isNotReached(error)) throw error;
    throw isLockedByOthers(error)
      ? new CacheError(
          'CACHE_CONFIGURATION',
          'What the log tells of cannot be changed, because a transaction has kept a table locked for 10 seconds; end it, and start again.',
          { cause: error },
        )
      : new CacheError(
          'CACHE_CONFIGURATION',
          `What the log tells of cannot be changed: ${error instanceof Error ? error.message : String(error)}. The database user must own the tables and ` +
            'may create in the database; where it must not, their owner runs `npx graphql-corral outbox apply --source log`, and the API opens the outbox with ' +
            "`triggers: 'check'`.",
          { cause: error },
        );
  }
}
