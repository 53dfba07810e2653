import pg, { type ClientBase } from 'pg';
import type { WatchedTable } from '../plan-triggers.js';
import type { OutboxFault } from '../compare-outbox.js';
import type { WantedOutbox } from '../wanted-outbox.js';
import { logHomeOf, readersTable, type LogHome } from './log-home.js';
import { insufficientIdentities } from './identities.js';
import { logPlanOf, publishedOids, readLogPlan, type LogPlan, type PlannedTable } from './log-plan.js';
import { tablesNow } from './tables-now.js';
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

interface PresentPublication {
  readonly comment: string | null;
  readonly isWhole: boolean;
  readonly oids: readonly number[];
}

export interface LogDifference {
  readonly faults: readonly OutboxFault[];
  readonly hasSchema: boolean;
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
  const parts = watched.map(({ table: { name, relations }, tags }) => ({
    ...{ name, tags, oids: relations.map(({ oid }) => oid) },
  }));
  for (const identity of await insufficientIdentities(client, parts)) {
    faults.push({ kind: 'changed', message: identity.message });
    sql.push(identity.sql);
    changed.add(identity.table);
  }
  const { isThere, said, isAsItSays } = await presentPlan(client, home);
  const isTampered = said !== undefined && !isAsItSays;
  if (said?.stamp !== plan.stamp || isTampered) {
    faults.push({
      kind: isThere ? 'changed' : 'missing',
      message: !isThere
        ? `there is no publication "${home.publication}"`
        : isTampered
          ? `the publication "${home.publication}" does not tell of all that it says it does: what was changed meanwhile is not known`
          : `the publication "${home.publication}" is that of another mapping or version`,
    });
    for (const { name } of plan.tables) changed.add(name);
    sql.push(...publicationSql(home, plan));
  }
  // While it was gone nothing was told of; some servers end the streams of its readers, others pass it over.
  if (isTampered || (hasTable && !isThere)) sql.push(haveAllForget(home));
  return { faults, hasSchema, sql, changed: [...changed] };
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
    `CREATE PUBLICATION ${publication}${tables.length > 0 ? ` FOR TABLE ${tables.join(', ')}` : ''} WITH (publish_via_partition_root = false);`,
    `COMMENT ON PUBLICATION ${publication} IS ${text};`,
    // The process that reads the log asks the publication again when it comes to this place.
    `SELECT pg_logical_emit_message(true, ${escapeLiteral(PLAN_MESSAGE + name)}, ${escapeLiteral(plan.stamp)});`,
  ];
}

/** Has every store forget everything before it is believed again. */
export function haveAllForget({ readers }: LogHome): string {
  return `UPDATE ${readers} SET "mustForget" = true;`;
}

/** What a publication says that it tells of, and whether it does. */
export interface PresentPlan {
  readonly isThere: boolean;
  /** Undefined where there is no plan that this version reads. */
  readonly said: LogPlan | undefined;
  readonly tables: readonly PlannedTable[];
  readonly isAsItSays: boolean;
}

/** The plan that the publication bears, beside the tables as they are now. */
export async function presentPlan(client: ClientBase, home: LogHome): Promise<PresentPlan> {
  const present = await presentPublication(client, home);
  const said = readLogPlan(present?.comment ?? null);
  if (present === undefined || said === undefined)
    return { isThere: present !== undefined, said, tables: [], isAsItSays: false };
  const tables = await tablesNow(client, said);
  return { isThere: true, said, tables, isAsItSays: isAs(tables, present) };
}

/**
 * A text that differs whenever the publication does, as an expression of SQL; the first parameter that it uses is the
 * publication's name.
 */
export function publicationNow(parameter: string): string {
  return `(SELECT concat_ws(' ', p.oid, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
             (SELECT string_agg(concat_ws(':', r.prrelid, r.xmin, c.relnamespace, c.relname), ',' ORDER BY r.prrelid)
              FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid
              WHERE r.prpubid = p.oid))
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
            NOT p.pubviaroot AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.puballtables
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid
                              AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)) AS "isWhole",
            ARRAY(SELECT r.prrelid::int8::float8 FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid) AS oids
     FROM pg_catalog.pg_publication AS p WHERE p.pubname = $1`,
    [publication],
  );
  return rows[0];
}

/** Whether a publication tells of these tables, all of their parts and nothing else. */
function isAs(tables: readonly PlannedTable[], { isWhole, oids }: PresentPublication): boolean {
  const wanted = new Set(tables.flatMap(({ now }) => (now === undefined ? [] : publishedOids(now))));
  return (
    isWhole &&
    // Another table may have taken the name, and its place with it.
    tables.every(({ said, now }) => now !== undefined && now.oid === said.oids[0]) &&
    wanted.size === oids.length &&
    oids.every((oid) => wanted.has(oid))
  );
}
