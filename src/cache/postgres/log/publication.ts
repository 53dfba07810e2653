import pg, { type ClientBase } from 'pg';
import type { WatchedTable } from '../plan-triggers.js';
import type { OutboxFault } from '../compare-outbox.js';
import type { WantedOutbox } from '../wanted-outbox.js';
import { logHomeOf, readersTable, type LogHome } from './log-home.js';
import { columnsBefore, logPlanOf, readLogPlan, type LogPlan } from './log-plan.js';
import { PLAN_MESSAGE } from './changes.js';

const { escapeIdentifier, escapeLiteral } = pg;

/** What a database should have, so that its log tells of these tables. */
export interface WantedLog {
  readonly home: LogHome;
  readonly plan: LogPlan;
  readonly watched: readonly WatchedTable[];
  /** Where earlier versions kept the outbox; undefined where the application says where it is. */
  readonly earlier: string | undefined;
}

/** A table or partition, and how its rows before a change get into the log. */
interface Identity {
  readonly where: string;
  readonly oid: number;
  readonly kind: 'd' | 'n' | 'f' | 'i';
  /** The columns that a change tells the value before it of. */
  readonly tells: readonly string[];
  /** A unique index that would tell what is needed, with less of the row than all of it. */
  readonly index: string | null;
}

interface PresentPublication {
  readonly comment: string | null;
  readonly isWhole: boolean;
  readonly oids: readonly number[];
}

export interface LogDifference {
  readonly faults: readonly OutboxFault[];
  readonly hasSchema: boolean;
  /** True where something was taken from the publication that its own comment says it has: changes may be missed. */
  readonly wasTampered: boolean;
  /** The statements that make it right, in their order. */
  readonly sql: readonly string[];
  /** The tables whose rows are not told of as they should be. */
  readonly changed: readonly string[];
}

export function wantedLog({ home, watched, earlier }: WantedOutbox): WantedLog {
  return { home: logHomeOf(home.schema), plan: logPlanOf(watched), watched, earlier };
}

/** What of the publication and of the tables' replica identities is not as it should be. */
export async function compareLog(client: ClientBase, wanted: WantedLog): Promise<LogDifference> {
  const { home, plan, watched } = wanted;
  const faults: OutboxFault[] = [];
  const sql: string[] = [];
  const { hasSchema, hasTable } = await presentHome(client, home);
  if (!hasSchema) sql.push(`CREATE SCHEMA IF NOT EXISTS ${home.quoted};`);
  if (!hasTable) {
    faults.push({
      kind: 'missing',
      message: `the schema "${home.schema}" does not have the table "CacheLogReader"`,
    });
    sql.push(readersTable(home));
  }
  const changed = new Set<string>();
  for (const identity of await insufficientIdentities(client, watched)) {
    const fix = identityFix(identity);
    faults.push({
      kind: 'changed',
      message: `the log does not tell what tags name of changed rows of ${identity.where}: ${fix}`,
    });
    sql.push(fix);
    changed.add(identity.table);
  }
  const present = await presentPublication(client, home);
  const before = readLogPlan(present?.comment ?? null);
  const isTampered = present !== undefined && before !== undefined && !isAs(before, present);
  if (present === undefined || before?.stamp !== plan.stamp || isTampered) {
    faults.push({
      kind: present === undefined ? 'missing' : 'changed',
      message:
        present === undefined
          ? `there is no publication "${home.publication}"`
          : isTampered
            ? `the publication "${home.publication}" was changed by another program: its changes were not told of meanwhile`
            : `the publication "${home.publication}" is that of another mapping or version`,
    });
    for (const { name } of plan.tables) changed.add(name);
    sql.push(...publicationSql(home, plan));
  }
  if (isTampered) sql.push(`UPDATE ${home.readers} SET "mustForget" = true;`);
  return { faults, hasSchema, wasTampered: isTampered, sql, changed: [...changed] };
}

/** The statements that make a publication of these tables anew, all in one transaction. */
export function publicationSql({ publication: name }: LogHome, plan: LogPlan): readonly string[] {
  const publication = escapeIdentifier(name);
  const tables = plan.tables.map(
    (table) => `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`,
  );
  const text = escapeLiteral(JSON.stringify(plan));
  return [
    // From here on no transaction is under way that began to write before the publication had the table.
    ...tables.map((table) => `LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE;`),
    `DROP PUBLICATION IF EXISTS ${publication};`,
    `CREATE PUBLICATION ${publication}${tables.length > 0 ? ` FOR TABLE ${tables.join(', ')}` : ''} WITH (publish_via_partition_root = true);`,
    `COMMENT ON PUBLICATION ${publication} IS ${text};`,
    // The process that reads the log knows from this place on what rows mean.
    `SELECT pg_logical_emit_message(true, ${escapeLiteral(PLAN_MESSAGE)}, ${text});`,
  ];
}

/** The plan that the publication bears; undefined where there is none that this version reads, or it is not as it says. */
export async function presentPlan(
  client: ClientBase,
  home: LogHome,
): Promise<{ readonly plan: LogPlan | undefined; readonly isAsItSays: boolean }> {
  const present = await presentPublication(client, home);
  const plan = readLogPlan(present?.comment ?? null);
  return { plan, isAsItSays: present !== undefined && plan !== undefined && isAs(plan, present) };
}

/**
 * A text that differs whenever the publication does, as an expression of SQL; the first parameter that it uses is the
 * publication's name.
 */
export function publicationNow(parameter: string): string {
  return `(SELECT concat_ws(' ', p.oid, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
             (SELECT string_agg(concat_ws(':', r.prrelid, r.xmin), ',' ORDER BY r.prrelid)
              FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid))
           FROM pg_catalog.pg_publication AS p WHERE p.pubname = ${parameter})`;
}

async function presentHome(
  client: ClientBase,
  { schema }: LogHome,
): Promise<{ hasSchema: boolean; hasTable: boolean }> {
  const { rows } = await client.query<{ hasSchema: boolean; hasTable: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS "hasSchema",
            EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = $1 AND c.relname = 'CacheLogReader') AS "hasTable"`,
    [schema],
  );
  return rows[0] ?? { hasSchema: false, hasTable: false };
}

async function presentPublication(
  client: ClientBase,
  { publication }: LogHome,
): Promise<PresentPublication | undefined> {
  const { rows } = await client.query<PresentPublication>(
    `SELECT obj_description(p.oid, 'pg_publication') AS comment,
            p.pubviaroot AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.puballtables
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid
                              AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)) AS "isWhole",
            ARRAY(SELECT r.prrelid::int8::float8 FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid) AS oids
     FROM pg_catalog.pg_publication AS p WHERE p.pubname = $1`,
    [publication],
  );
  return rows[0];
}

/** Whether a publication is what its own comment says. What inherits from a table may be dropped. */
function isAs({ tables }: LogPlan, { isWhole, oids }: PresentPublication): boolean {
  return isWhole && tables.every((table) => oids.includes(table.oids[0] ?? 0));
}

interface InsufficientIdentity extends Identity {
  readonly table: string;
}

/** Of the tables and all of their parts: those of which the log tells less before a change than tags name. */
async function insufficientIdentities(
  client: ClientBase,
  watched: readonly WatchedTable[],
): Promise<readonly InsufficientIdentity[]> {
  const found: InsufficientIdentity[] = [];
  for (const { table, tags } of watched) {
    const needed = columnsBefore({ tags });
    const { rows } = await client.query<Identity>(IDENTITIES, [
      table.relations.map(({ oid }) => oid),
      needed,
    ]);
    for (const identity of rows) {
      if (identity.kind === 'f' || needed.every((column) => identity.tells.includes(column))) {
        // Without any identity PostgreSQL refuses UPDATE and DELETE of a published table.
        if (identity.kind === 'f' || identity.tells.length > 0) continue;
      }
      found.push({ ...identity, table: table.name });
    }
  }
  return found;
}

const COLUMNS_OF_INDEX = `ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))`;

const IDENTITIES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS where, c.oid::int8::float8 AS oid, c.relreplident AS kind,
         coalesce((SELECT ${COLUMNS_OF_INDEX} FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid
           AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END LIMIT 1),
           '{}') AS tells,
         (SELECT own.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS own ON own.oid = i.indexrelid
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
            AND i.indexprs IS NULL AND $2::text[] <@ ${COLUMNS_OF_INDEX}
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid
                            AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
          ORDER BY i.indisprimary DESC, i.indnkeyatts LIMIT 1) AS index
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p')
  ORDER BY c.relkind, 1`;

function identityFix({ where, index }: Identity): string {
  return `ALTER TABLE ${where} REPLICA IDENTITY ${index === null ? 'FULL' : `USING INDEX ${escapeIdentifier(index)}`};`;
}
