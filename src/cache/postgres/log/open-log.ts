import { randomUUID } from 'node:crypto';
import type { ClientBase, ClientConfig } from 'pg';
import { CacheError } from '../../errors.js';
import type { Outbox, OutboxOpenOptions } from '../../outbox/outbox.js';
import { DEFAULT_SCHEMA } from '../home.js';
import { inTransaction } from '../in-transaction.js';
import type { OutboxPool } from '../pool-option.js';
import type { Tables } from '../tables.js';
import { unwatchedSentence } from '../unwatched.js';
import { wantedOutbox, type WantedOutbox } from '../wanted-outbox.js';
import { applyLog } from './apply-log.js';
import { slotNameOf, type LogHome } from './log-home.js';
import { LogOutbox } from './log-outbox.js';
import type { OutboxSource } from './outbox-source.js';
import { compareLog, wantedLog, type WantedLog } from './publication.js';
import { logAbility } from './server-refusals.js';
import { TablesOfLog } from './tables-of-log.js';
import { untoldByLog } from './untold-by-log.js';

export interface LogOpening {
  readonly pool: OutboxPool;
  readonly slowPool: OutboxPool;
  /** Where the server itself is; undefined where the pool does not say. */
  readonly connection: string | ClientConfig | undefined;
  readonly options: {
    readonly tables?: Tables;
    readonly schema?: string;
    readonly triggers?: 'apply' | 'check';
    readonly source?: OutboxSource;
    readonly behindAtMostMb?: number;
  };
  readonly given: OutboxOpenOptions;
  readonly log: { info(message: string): void; warn(message: string): void };
}

const BEHIND_AT_MOST_MB = 1024;
/**
 * The outbox that reads the log; undefined where triggers are to be used.
 * @throws CacheError CACHE_CONFIGURATION with the source `log`, for everything that keeps the log from being read.
 */
export async function openedLog(opening: LogOpening): Promise<Outbox | undefined> {
  const { pool, slowPool, connection, given, log } = opening;
  const { source = 'auto', tables = {}, schema, triggers = 'apply', behindAtMostMb } = opening.options;
  const { store } = given;
  if (source === 'triggers') {
    await warnOfSlot(opening);
    return undefined;
  }
  const readWanted = (client: ClientBase): Promise<WantedOutbox> =>
    wantedOutbox(client, { tables, schema, namespaces: given.namespaces, used: given.used });
  const wanted = await inTransaction(slowPool, async (client) => {
    const outbox = await readWanted(client);
    return { ...wantedLog(outbox), unwatched: outbox.unwatched, database: await databaseOf(client) };
  });
  const slot = slotNameOf(wanted.database, wanted.home.schema, store ?? `memory ${randomUUID()}`);
  const { warnings, isBounded, ...able } = await logAbility(pool, slot, connection);
  const refusals = [...able.refusals];
  // That the disk may fill up for a reader that is away is not for a default to decide.
  if (source === 'auto' && !isBounded && store !== undefined) {
    refusals.push(
      'The server has max_slot_wal_keep_size = -1, with which a reader that is away fills the disk; set it, as to 10GB.',
    );
  }
  const untold = untoldByLog(wanted.watched);
  if (refusals.length > 0 || untold.length > 0 || connection === undefined) {
    const list = [...refusals, ...untold].map((sentence) => `  - ${sentence}`).join('\n');
    if (source === 'log')
      throw new CacheError('CACHE_CONFIGURATION', `The log of the database cannot be read:\n${list}`);
    const sentence = `Writes are watched by triggers, as the log of the database, which costs writers less, cannot be read:\n${list}`;
    // A server that was made ready for the log is thought to be read by it.
    if (refusals.length === 0) log.warn(sentence);
    else log.info(sentence);
    await warnOfSlot(opening);
    return undefined;
  }
  for (const sentence of warnings) log.warn(sentence);
  const isApplied = triggers === 'apply';
  const changed = isApplied ? await applyLog(slowPool, wanted) : await checkLog(slowPool, wanted);
  log.info(
    source === 'auto'
      ? 'Writes are read from the log of the database, as it has wal_level = logical and this user may; `source: "triggers"` watches by triggers instead.'
      : 'Writes are read from the log of the database.',
  );
  if (changed.length > 0) log.info(`The log tells of the tables ${changed.join(', ')} now.`);
  if (await hasTriggers(slowPool, wanted.home)) {
    log.warn(
      'The triggers of this outbox are there as well, and cost writers what the log does not: once every process reads the log, ' +
        'the owner of the tables runs `npx graphql-corral outbox remove --source triggers`.',
    );
  }
  if (wanted.unwatched.length > 0) log.warn(unwatchedSentence(wanted.unwatched));
  const tablesOfLog = new TablesOfLog({
    ...{ home: wanted.home, pool: slowPool, isApplied, log },
    wanted: async (client) => wantedLog(await readWanted(client)),
  });
  await tablesOfLog.begin();
  return new LogOutbox({
    ...{ home: wanted.home, pool, slowPool, connection, slot, store, tables: tablesOfLog },
    behindAtMost: (behindAtMostMb ?? BEHIND_AT_MOST_MB) * 1024 * 1024,
    warn: (sentence) => log.warn(sentence),
  });
}

/** @throws CacheError where something is not as the mapping asks for. */
async function checkLog(pool: OutboxPool, wanted: WantedLog): Promise<readonly string[]> {
  const { faults } = await inTransaction(pool, (client) => compareLog(client, wanted));
  if (faults.length === 0) return [];
  throw new CacheError(
    'CACHE_CONFIGURATION',
    `What the log tells of must be changed; the owner of the tables runs \`npx graphql-corral outbox apply --source log\`:\n${faults.map(({ message }) => `  - ${message}`).join('\n')}`,
  );
}

/** A slot of before that this store does not read any more. */
async function warnOfSlot({ slowPool, given: { store }, options, log }: LogOpening): Promise<void> {
  if (store === undefined) return;
  const slot = await inTransaction(slowPool, async (client) => {
    const name = slotNameOf(await databaseOf(client), options.schema ?? DEFAULT_SCHEMA, store);
    const { rowCount } = await client.query(
      'SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1',
      [name],
    );
    return rowCount === 1 ? name : undefined;
  });
  if (slot === undefined) return;
  log.warn(
    `The replication slot "${slot}" of this store is there still, and keeps the log on the disk of the server and rows that are gone in its catalogs: ` +
      'once no process reads the log, the owner of the tables runs `npx graphql-corral outbox remove --source log`.',
  );
}

async function hasTriggers(pool: OutboxPool, { schema }: LogHome): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
     JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname = $1 AND starts_with(p.proname, 'cache_outbox_') AND NOT t.tgisinternal LIMIT 1`,
    [schema],
  );
  return rowCount === 1;
}

async function databaseOf(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  return rows[0]?.name ?? '';
}
