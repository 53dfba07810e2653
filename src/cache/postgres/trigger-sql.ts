import { createHash } from 'node:crypto';
import pg from 'pg';
import { OUTBOX_CHANNEL, type Home } from './home.js';
import type { WatchedTable } from './plan-triggers.js';
import type { Relation } from './read-tables.js';
import type { RowTag } from './row-tag.js';

const { escapeIdentifier, escapeLiteral } = pg;

/** The functions of watched tables begin with it; nothing else does. */
export const FUNCTION_PREFIX = 'cache_outbox_for_';
/**
 * Those of versions before 0.1.0 was released. They had other rights and other triggers, so these have other names: a process of
 * such a version that starts again makes its own, and breaks none of these.
 */
export const EARLIER_FUNCTIONS = { prefix: 'cache_outbox_of_', shared: 'cache_outbox_add' };
/** More tags of one statement go into another row: so that a relay never has to take millions at once. */
const TAGS_PER_ROW = 500;
/** A table with more rows that is truncated ends all entries at once: so many tags would take longer. */
const TRUNCATED_ROW_BY_ROW = 100_000;
/** PostgreSQL cuts longer names. */
const LONGEST_NAME = 63;
/** Nothing of the writer's search_path is asked: another's operator or table of the same name would be. */
const SAFELY = 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp';

/** When a trigger fires, as `pg_trigger.tgenabled`: in sessions of people, where changes are replicated to, or in both. */
export type Fires = 'O' | 'R' | 'A';

interface WantedTrigger {
  readonly name: string;
  readonly relation: Relation;
  readonly fires: Fires;
}

/** A function with its triggers, as SQL, and a stamp that differs whenever that SQL does. */
export interface WantedFunction {
  /** The table; undefined for a function that all tables share. */
  readonly table: string | undefined;
  readonly name: string;
  /** Its source, as the database keeps it. */
  readonly body: string;
  readonly stamp: string;
  readonly triggers: readonly WantedTrigger[];
  readonly sql: string;
}

interface Written {
  readonly name: string;
  readonly signature: string;
  readonly head: string;
  readonly body: string;
  readonly isCalledByAll?: boolean;
}

/** What all watched tables share. Writers need no right of their own on the outbox. */
export function sharedFunctions({ quoted, outbox, stores }: Home): readonly WantedFunction[] {
  const notify = `IF FOUND THEN PERFORM pg_notify(${escapeLiteral(OUTBOX_CHANNEL)}, ''); END IF;`;
  const functions: readonly Written[] = [
    {
      // As the cache writes a value into a key: what could forge a separator is escaped.
      name: 'cache_key_component',
      signature: '(value text)',
      head: 'RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog',
      body: `
      SELECT CASE WHEN value COLLATE "C" ~ '^[A-Za-z0-9_.-]+$' THEN value ELSE (
        SELECT string_agg(
          CASE WHEN letter COLLATE "C" ~ '^[\\x01-\\x20"#%()*,/:;<=>?@[\\\\\\]^\`{|}~\\x7f]$'
            THEN '%' || lpad(to_hex(ascii(letter)), 2, '0') ELSE letter END, '' ORDER BY place)
        FROM regexp_split_to_table(value, '') WITH ORDINALITY AS letters(letter, place)
      ) END
    `,
      isCalledByAll: true,
    },
    {
      // Writes tags into the outbox, each once for every store, and wakes the relays at the commit. The version is that of
      // the row which a tag names; where a statement knows it only sometimes, it is not known.
      name: 'cache_outbox_write',
      signature: '(added text[], known bigint[])',
      head: `RETURNS void LANGUAGE plpgsql ${SAFELY}`,
      body: `
    BEGIN
      INSERT INTO ${outbox} ("store", "tags", "versions")
      SELECT stores."name", batches.tags, batches.versions FROM ${stores} AS stores CROSS JOIN (
        SELECT array_agg(tag) AS tags, array_agg(version) AS versions FROM (
          SELECT tag, version, (row_number() OVER () - 1) / ${TAGS_PER_ROW} AS part FROM (
            SELECT tag, CASE WHEN bool_and(version IS NOT NULL) THEN max(version) END AS version
            FROM unnest(added, known) AS given(tag, version) WHERE tag IS NOT NULL GROUP BY tag
          ) AS once
        ) AS numbered GROUP BY part
      ) AS batches;
      ${notify}
    END
    `,
    },
    {
      // A store that is not known any more is told so by the next look, and forgets all that it has.
      name: 'cache_outbox_forget',
      signature: '()',
      head: `RETURNS void LANGUAGE plpgsql ${SAFELY}`,
      body: `
    BEGIN
      DELETE FROM ${stores};
      ${notify}
    END
    `,
    },
  ];
  return functions.map((written) => {
    const called = `${quoted}.${written.name}`;
    // Only the triggers call them, as their owner: else every role could end entries.
    const rights = written.isCalledByAll
      ? ''
      : `\n    REVOKE ALL ON FUNCTION ${called}${written.signature} FROM PUBLIC;`;
    const sql = `
    CREATE OR REPLACE FUNCTION ${called}${written.signature} ${written.head} AS $body$${written.body}$body$;${rights}`;
    const stamp = stampOf(sql);
    const comment = `\n    COMMENT ON FUNCTION ${called}${written.signature} IS ${escapeLiteral(stamp)};`;
    return {
      table: undefined,
      name: written.name,
      body: written.body,
      stamp,
      triggers: [],
      sql: sql + comment,
    };
  });
}

/**
 * One function and its triggers: one for each kind of statement, which see all changed rows at once, on the table and on each
 * of its partitions; one for TRUNCATE; and one for single rows, which fires where changes are replicated to, as no other does there.
 */
export function tableFunction(home: Home, watched: WatchedTable): WantedFunction {
  const { table } = watched;
  const name = functionName(home, table);
  const called = `${home.quoted}.${escapeIdentifier(name)}`;
  const body = `
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
${truncated(home, watched)}
      ELSIF TG_LEVEL = 'ROW' THEN
        IF TG_OP = 'INSERT' THEN
          PERFORM ${adding(home, watched, { rows: '(SELECT NEW.*)', version: ownVersion(watched) })};
        ELSIF TG_OP = 'DELETE' THEN
          PERFORM ${adding(home, watched, { rows: '(SELECT OLD.*)', version: UNKNOWN })};
        ELSIF OLD::text IS DISTINCT FROM NEW::text THEN
          PERFORM ${adding(home, watched, { rows: changedRow(watched), version: 'r."~corral version"' })};
        END IF;
      ELSIF TG_OP = 'INSERT' THEN
        PERFORM ${adding(home, watched, { rows: 'new_rows', version: ownVersion(watched) })};
      ELSIF TG_OP = 'DELETE' THEN
        PERFORM ${adding(home, watched, { rows: 'old_rows', version: UNKNOWN })};
      ELSE
        -- A row that stayed as it was means nothing.
        PERFORM ${adding(home, watched, { rows: changedRows(watched), version: 'r."~corral version"' })};
      END IF;
      RETURN NULL;
    END
    `;
  const quote = dollarQuoteFor(body);
  const create = `
    CREATE OR REPLACE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql ${SAFELY} AS ${quote}${body}${quote};
    -- Triggers fire without it. A role that could make a trigger of its own with this function would run code as its owner.
    REVOKE ALL ON FUNCTION ${called}() FROM PUBLIC;`;
  const made = table.relations.flatMap((relation) => triggersOf({ home, table: watched, relation, called }));
  // Without the partitions: one that is attached later changes nothing of what the others have.
  const stamp = stampOf(
    create +
      triggersOf({ home, table: watched, relation: table, called })
        .map(({ sql }) => sql)
        .join(''),
  );
  const comment = `\n    COMMENT ON FUNCTION ${called}() IS ${escapeLiteral(stamp)};`;
  return {
    table: table.name,
    name,
    body,
    stamp,
    triggers: made.map(({ trigger }) => trigger),
    sql: create + made.map(({ sql }) => sql).join('') + comment,
  };
}

/** Marks the ends of a body that may contain the usual mark, as part of a name. */
function dollarQuoteFor(body: string): string {
  let quote = '$body$';
  for (let number = 1; body.includes(quote); number += 1) quote = `$body_${number}$`;
  return quote;
}

/** Whether a relation can have no triggers that see changed rows. */
export function cannotBeWatched({ kind }: Relation): boolean {
  return kind !== 'r' && kind !== 'p';
}

function stampOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** Names that are cut are told apart by a digest; those of other schemas bear its name. */
function functionName(home: Home, { schema, name }: Relation): string {
  return fitting(`${FUNCTION_PREFIX}${schema === home.schema ? '' : `${schema}.`}${name}`);
}

function fitting(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const digest = stampOf(name).slice(0, 8);
  let kept = name;
  while (Buffer.byteLength(kept) > LONGEST_NAME - digest.length - 1) kept = kept.slice(0, -1);
  return `${kept}_${digest}`;
}

const UNKNOWN = 'NULL::bigint';

interface ChangedRows {
  readonly rows: string;
  /** The version that a row `r` of them has now. */
  readonly version: string;
}

/** The call that writes what these rows mean; a tag of which a column is null means nothing. */
function adding(home: Home, watched: WatchedTable, { rows, version }: ChangedRows): string {
  const { table, tags } = watched;
  const values = tags.map((tag) => {
    // Only a tag that names one row has a version.
    const namesRow =
      table.primaryKey.length > 0 && table.primaryKey.every((column) => tag.columns.includes(column));
    return `(${tagText(home, watched, tag)}, ${namesRow ? version : UNKNOWN})`;
  });
  return `${home.quoted}.cache_outbox_write(array_agg(meant.tag), array_agg(meant.version)) FROM (
          SELECT DISTINCT t.tag, t.version FROM ${rows} AS r
          CROSS JOIN LATERAL (VALUES ${values.join(', ')}) AS t(tag, version)) AS meant`;
}

function tagText(home: Home, { values }: WatchedTable, { literals, columns }: RowTag): string {
  const parts = columns.flatMap((column, index) => {
    const text = `r.${escapeIdentifier(column)}::text`;
    const said = Object.entries(values.get(column) ?? {}).map(
      ([label, name]) => `WHEN ${escapeLiteral(label)} THEN ${escapeLiteral(name)}`,
    );
    const asSaid = said.length === 0 ? text : `CASE ${text} ${said.join(' ')} ELSE ${text} END`;
    return [`${home.quoted}.cache_key_component(${asSaid})`, escapeLiteral(literals[index + 1] ?? '')];
  });
  return [escapeLiteral(literals[0] ?? ''), ...parts].join(' || ');
}

function ownVersion({ version }: WatchedTable): string {
  return version === undefined ? UNKNOWN : `r.${escapeIdentifier(version)}::bigint`;
}

/** A change that does not raise the version has none: it could not be told from the one before. */
function raisedVersion({ version }: WatchedTable, before: string, after: string): string {
  if (version === undefined) return UNKNOWN;
  const column = escapeIdentifier(version);
  return `CASE WHEN ${after}.${column} > ${before}.${column} THEN ${after}.${column}::bigint END`;
}

/** Both the old and the new state of rows that differ: a film that changes its director means two people. */
function changedRows(watched: WatchedTable): string {
  const { rowIs, table } = watched;
  const same = rowIs
    .map((column) => {
      const cast = table.foreignColumns.has(column) ? '::text' : '';
      return `o.${escapeIdentifier(column)}${cast} = n.${escapeIdentifier(column)}${cast}`;
    })
    .join(' AND ');
  const version = raisedVersion(watched, 'o', 'n');
  // A column may have the name of either: then it would be meant.
  const differ = '(o.*)::text IS DISTINCT FROM (n.*)::text';
  return `(
            SELECT o.*, ${version} AS "~corral version" FROM old_rows AS o LEFT JOIN new_rows AS n ON ${same} WHERE ${differ}
            UNION ALL
            SELECT n.*, ${version} AS "~corral version" FROM new_rows AS n LEFT JOIN old_rows AS o ON ${same} WHERE ${differ}
          )`;
}

function changedRow(watched: WatchedTable): string {
  const version = raisedVersion(watched, 'OLD', 'NEW');
  return `(SELECT OLD.*, ${version} AS "~corral version" UNION ALL SELECT NEW.*, ${version} AS "~corral version")`;
}

/** Where a row stands for the relation, which is known when the trigger fires. */
const RELATION = '@relation-5f0c2d9a@';

/**
 * Reads the rows before they go. Not where an old snapshot or the table's own rules hide some of them, or where there are too
 * many: then everything is forgotten.
 */
function truncated(home: Home, watched: WatchedTable): string {
  const rows = `ONLY ${RELATION}`;
  const add = `SELECT ${adding(home, watched, { rows, version: UNKNOWN })}`;
  const few = `SELECT count(*) <= ${TRUNCATED_ROW_BY_ROW} FROM (SELECT FROM ${rows} LIMIT ${TRUNCATED_ROW_BY_ROW + 1}) AS counted`;
  const filled = (sql: string): string =>
    `EXECUTE replace(${escapeLiteral(sql)}, '${RELATION}', TG_RELID::regclass::text)`;
  return `        DECLARE
          is_few boolean := false;
        BEGIN
          IF current_setting('transaction_isolation') = 'read committed'
            AND NOT (SELECT relforcerowsecurity FROM pg_class WHERE oid = TG_RELID) THEN
            ${filled(few)} INTO is_few;
          END IF;
          IF is_few THEN
            ${filled(add)};
          ELSE
            PERFORM ${home.quoted}.cache_outbox_forget();
          END IF;
        END;`;
}

interface TriggersOf {
  readonly home: Home;
  readonly table: WatchedTable;
  readonly relation: Relation;
  readonly called: string;
}

interface MadeTrigger {
  readonly trigger: WantedTrigger;
  readonly sql: string;
}

const STATE = { O: '', R: 'REPLICA ', A: 'ALWAYS ' } as const;

function triggersOf({ home, table, relation, called }: TriggersOf): MadeTrigger[] {
  if (cannotBeWatched(relation)) return [];
  const where = `${escapeIdentifier(relation.schema)}.${escapeIdentifier(relation.name)}`;
  // Two outboxes may watch one table.
  const suffix = home.schema === table.table.schema ? '' : `_${home.schema}`;
  const made = (kind: string, fires: Fires, when: string): MadeTrigger => {
    const name = fitting(`cache_outbox_${kind}${suffix}`);
    const quoted = escapeIdentifier(name);
    const sql = `
    CREATE OR REPLACE TRIGGER ${quoted} ${when.replace('@', () => where)} EXECUTE FUNCTION ${called}();
    ALTER TABLE ONLY ${where} ENABLE ${STATE[fires]}TRIGGER ${quoted};`;
    return { trigger: { name, relation, fires }, sql };
  };
  const statements = [
    made('insert', 'O', 'AFTER INSERT ON @ REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'),
    made('delete', 'O', 'AFTER DELETE ON @ REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'),
    made(
      'update',
      'O',
      'AFTER UPDATE ON @ REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT',
    ),
  ];
  // Those of the partitions fire, whichever of them a statement names.
  if (relation.kind === 'p') return statements;
  return [
    ...statements,
    made('truncate', 'A', 'BEFORE TRUNCATE ON @ FOR EACH STATEMENT'),
    made('replica', 'R', 'AFTER INSERT OR UPDATE OR DELETE ON @ FOR EACH ROW'),
  ];
}
