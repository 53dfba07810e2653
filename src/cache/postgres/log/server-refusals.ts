import type { ClientConfig } from 'pg';
import { CacheError } from '../../errors.js';
import type { OutboxPool } from '../pool-option.js';
import { sqlstateOf } from '../sqlstate.js';
import { cut, replicationClient } from './replication-stream.js';

/** What a server says of itself that decides whether its log can be read. */
interface ServerSettings {
  readonly walLevel: string;
  readonly isStandby: boolean;
  readonly mayReplicate: boolean;
  /** The statement that would let it. */
  readonly letting: string;
  readonly freeSlots: number;
  /** Megabytes of log that a slot may make the server keep; -1: as many as the disk has. */
  readonly keepsMb: number;
  readonly synchronous: string;
}

/** Whether a role may read the log, as the server looks at it: by what it is itself, or on RDS by membership; false of one that is not there. */
export function mayReplicateSql(role: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_roles AS one WHERE one.rolname = ${role} AND (one.rolsuper OR one.rolreplication
           OR EXISTS (SELECT FROM pg_catalog.pg_roles AS given
                      WHERE given.rolname IN ('rds_replication', 'rds_superuser') AND pg_has_role(one.oid, given.oid, 'MEMBER'))))`;
}

/** The statement that lets a role read the log; on RDS no user is a superuser, and one role gives the right. */
export function letReplicateSql(role: string): string {
  return `CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_roles AS given WHERE given.rolname = 'rds_replication')
               THEN format('GRANT rds_replication TO %I', ${role}::text) ELSE format('ALTER ROLE %I REPLICATION', ${role}::text) END`;
}

const SETTINGS = `
  SELECT current_setting('wal_level') AS "walLevel", pg_is_in_recovery() AS "isStandby",
         ${letReplicateSql('current_user')} AS letting,
         ${mayReplicateSql('current_user')} AS "mayReplicate",
         current_setting('max_replication_slots')::int
           - (SELECT count(*)::int FROM pg_catalog.pg_replication_slots WHERE slot_name <> $1) AS "freeSlots",
         (SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size') AS "keepsMb",
         current_setting('synchronous_standby_names') AS synchronous`;

export interface LogAbility {
  /** Why the log cannot be read, each a sentence that names the fix; empty where it can. */
  readonly refusals: readonly string[];
  /** What an operator should know, though the log can be read. */
  readonly warnings: readonly string[];
  /** Whether a slot that no process reads is thrown away before the disk is full. */
  readonly isBounded: boolean;
}

/** Asks the server, and tries the connection that reads the log. */
export async function logAbility(
  pool: OutboxPool,
  slot: string,
  connection: string | ClientConfig | undefined,
): Promise<LogAbility> {
  const { rows } = await pool.query<ServerSettings>(SETTINGS, [slot]);
  const [found] = rows;
  if (found === undefined) throw new Error('the server says nothing of its settings');
  const refusals: string[] = [];
  const refuse = (isSo: boolean, sentence: string): void => void (isSo && refusals.push(sentence));
  refuse(found.isStandby, standby('`pool`'));
  refuse(
    found.walLevel !== 'logical',
    `The server has wal_level = ${found.walLevel}; set wal_level = logical and start it again.`,
  );
  refuse(
    !found.mayReplicate,
    `The database user may not read the log; an administrator runs ${found.letting}.`,
  );
  refuse(
    found.freeSlots <= 0,
    'The server has no free replication slot; raise max_replication_slots, or drop a slot that is of no use any more.',
  );
  refuse(
    connection === undefined,
    'The log is read on a connection of its own, and this pool does not say where the server is; name it in `listenUrl`.',
  );
  if (refusals.length === 0 && connection !== undefined) {
    const refused = await tryConnection(connection);
    if (refused !== undefined) refusals.push(refused.message);
  }
  const warnings: string[] = [];
  if (found.keepsMb === -1) {
    warnings.push(
      'The server has max_slot_wal_keep_size = -1: while no process reads the log, it is kept until the disk is full. Set it, as to 10GB.',
    );
  }
  if (/(^|[\s,(])("?\*"?|"?corral log"?)([\s,)]|$)/.test(found.synchronous)) {
    warnings.push(
      'synchronous_standby_names takes the reader of the log for a standby, so that each commit waits for it; name the standbys there.',
    );
  }
  return { refusals, warnings, isBounded: found.keepsMb !== -1 };
}

function standby(option: string): string {
  return `The server is a standby, from whose log nothing is read here; name the primary in ${option}.`;
}

async function tryConnection(connection: string | ClientConfig): Promise<Error | undefined> {
  const client = replicationClient(connection);
  try {
    await client.connect();
    // A pooler that let the parameter fall gives an ordinary session, which does not know this command.
    await client.query('IDENTIFY_SYSTEM');
    const { rows } = await client.query<{ isStandby: boolean }>('SELECT pg_is_in_recovery() AS "isStandby"');
    return rows[0]?.isStandby === true ? new Error(standby('`listenUrl`')) : undefined;
  } catch (error) {
    return serverRefusal(error) ?? (error instanceof Error ? error : new Error(String(error)));
  } finally {
    cut(client);
  }
}

/** The sentence for what a server or a pooler answers where the log cannot be read; undefined for any other error. */
export function serverRefusal(cause: unknown): CacheError | undefined {
  const says = cause instanceof Error ? cause.message : String(cause);
  const sentence = sentenceFor(sqlstateOf(cause), says);
  return sentence === undefined ? undefined : new CacheError('CACHE_CONFIGURATION', sentence, { cause });
}

function sentenceFor(code: string | undefined, says: string): string | undefined {
  switch (code) {
    case '53400':
      return 'The server has no free replication slot; raise max_replication_slots, or drop a slot that is of no use any more.';
    case '53300':
      return `The server has no free connection for a reader of the log (${says}); raise max_wal_senders.`;
    case '42501':
    case '28000':
      return `The database user may not read the log (${says}); an administrator runs ALTER ROLE … REPLICATION, or GRANT rds_replication TO … where the server has that role, and pg_hba.conf lets it connect to the database.`;
    case '55000':
      return `The server cannot read its log for others (${says}); set wal_level = logical and start it again.`;
    case '08P01':
    case '42601':
      return `The log is read on a connection to the server itself, which a pooler such as PgBouncer refuses (${says}); name the server in \`listenUrl\`.`;
    case undefined:
    default:
      return /replication/i.test(says) && /parameter|unsupported|not supported/i.test(says)
        ? `The log is read on a connection to the server itself, which a pooler such as PgBouncer refuses (${says}); name the server in \`listenUrl\`.`
        : undefined;
  }
}
