import { createHash } from 'node:crypto';
import pg from 'pg';
import type { WatchedTable } from './plan-triggers.js';

const { escapeIdentifier, escapeLiteral } = pg;

/** What wakes the relays of all processes. */
export const OUTBOX_CHANNEL = 'cache_outbox';
/** The functions of watched tables begin with it; nothing else does. */
export const FUNCTION_PREFIX = 'cache_outbox_of_';
/** More tags of one statement go into another row: so that a relay never has to take millions at once. */
const TAGS_PER_ROW = 500;

/** Triggers of one table, as SQL, and a stamp that differs whenever that SQL does. */
export interface TableTriggers {
  readonly table: string;
  readonly functionName: string;
  readonly stamp: string;
  readonly sql: string;
}

/** What all watched tables share. Writers need no right of their own on the outbox. */
export function sharedFunctions(schema: string): string {
  const home = escapeIdentifier(schema);
  return `
    -- As the cache writes a value into a key: what could forge a separator is escaped.
    CREATE OR REPLACE FUNCTION ${home}.cache_key_component(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog AS $body$
      SELECT CASE WHEN value COLLATE "C" ~ '^[A-Za-z0-9_.-]+$' THEN value ELSE (
        SELECT string_agg(
          CASE WHEN letter COLLATE "C" ~ '^[\\x01-\\x20"#%()*,/:;<=>?@[\\\\\\]^\`{|}~\\x7f]$'
            THEN '%' || lpad(to_hex(ascii(letter)), 2, '0') ELSE letter END, '' ORDER BY place)
        FROM regexp_split_to_table(value, '') WITH ORDINALITY AS letters(letter, place)
      ) END
    $body$;

    -- Writes tags into the outbox, each once for every store, and wakes the relays at the commit. The version is that of
    -- the row which a tag names; where a statement knows it only sometimes, it is not known.
    CREATE OR REPLACE FUNCTION ${home}.cache_outbox_add(added text[], known bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${home}, pg_temp AS $body$
    BEGIN
      INSERT INTO "CacheOutbox" ("store", "tags", "versions")
      SELECT stores."name", batches.tags, batches.versions FROM "CacheStore" AS stores CROSS JOIN (
        SELECT array_agg(tag) AS tags, array_agg(version) AS versions FROM (
          SELECT tag, version, (row_number() OVER () - 1) / ${TAGS_PER_ROW} AS part FROM (
            SELECT tag, CASE WHEN bool_and(version IS NOT NULL) THEN max(version) END AS version
            FROM unnest(added, known) AS given(tag, version) WHERE tag IS NOT NULL GROUP BY tag
          ) AS once
        ) AS numbered GROUP BY part
      ) AS batches;
      IF FOUND THEN PERFORM pg_notify(${escapeLiteral(OUTBOX_CHANNEL)}, ''); END IF;
    END
    $body$;`;
}

/** One function and a trigger for each kind of statement: they see all changed rows at once. */
export function tableTriggers(schema: string, watched: WatchedTable): TableTriggers {
  const { table } = watched;
  const functionName = `${FUNCTION_PREFIX}${table.name}`;
  const home = escapeIdentifier(schema);
  const where = `${home}.${escapeIdentifier(table.name)}`;
  const called = `${home}.${escapeIdentifier(functionName)}`;
  const sql = `
    CREATE OR REPLACE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        PERFORM ${adding(home, watched, { rows: 'new_rows', version: ownVersion(watched) })};
      ELSIF TG_OP = 'DELETE' THEN
        PERFORM ${adding(home, watched, { rows: 'old_rows', version: UNKNOWN })};
      ELSE
        -- A row that stayed as it was means nothing.
        PERFORM ${adding(home, watched, { rows: changedRows(watched), version: 'r.cache_version' })};
      END IF;
      RETURN NULL;
    END
    $body$;
    ${trigger({ name: 'cache_outbox_insert', event: 'INSERT', rows: 'NEW TABLE AS new_rows', where, called })}
    ${trigger({ name: 'cache_outbox_delete', event: 'DELETE', rows: 'OLD TABLE AS old_rows', where, called })}
    ${trigger({
      name: 'cache_outbox_update',
      event: 'UPDATE',
      rows: 'OLD TABLE AS old_rows NEW TABLE AS new_rows',
      where,
      called,
    })}`;
  const stamp = createHash('sha256')
    .update(sharedFunctions(schema) + sql)
    .digest('hex');
  const comment = `COMMENT ON FUNCTION ${called}() IS ${escapeLiteral(stamp)};`;
  return { table: table.name, functionName, stamp, sql: `${sql}\n${comment}` };
}

const UNKNOWN = 'NULL::bigint';
const VERSION = 'version';

interface ChangedRows {
  readonly rows: string;
  /** The version that a row `r` of them has now. */
  readonly version: string;
}

/** The call that writes what these rows mean; a tag of which a column is null means nothing. */
function adding(home: string, { table, tags }: WatchedTable, { rows, version }: ChangedRows): string {
  const values = tags.map(({ literals, columns }) => {
    const parts = columns.flatMap((column, index) => [
      `${home}.cache_key_component(r.${escapeIdentifier(column)}::text)`,
      escapeLiteral(literals[index + 1] ?? ''),
    ]);
    // Only a tag that names one row has a version.
    const namesRow = table.primaryKey.every((column) => columns.includes(column));
    return `(${[escapeLiteral(literals[0] ?? ''), ...parts].join(' || ')}, ${namesRow ? version : UNKNOWN})`;
  });
  return `${home}.cache_outbox_add(array_agg(meant.tag), array_agg(meant.version)) FROM (
          SELECT DISTINCT t.tag, t.version FROM ${rows} AS r
          CROSS JOIN LATERAL (VALUES ${values.join(', ')}) AS t(tag, version)) AS meant`;
}

function hasVersion({ table }: WatchedTable): boolean {
  return ['int2', 'int4', 'int8'].includes(table.columns.get(VERSION) ?? '');
}

function ownVersion(watched: WatchedTable): string {
  return hasVersion(watched) ? `r.${escapeIdentifier(VERSION)}::bigint` : UNKNOWN;
}

/**
 * Both the old and the new state of rows that differ: a film that changes its director means two people. A change that
 * does not raise the version has none: nobody could tell it from the one before.
 */
function changedRows(watched: WatchedTable): string {
  const same = watched.table.primaryKey
    .map((column) => `o.${escapeIdentifier(column)} = n.${escapeIdentifier(column)}`)
    .join(' AND ');
  const column = escapeIdentifier(VERSION);
  const version = hasVersion(watched)
    ? `CASE WHEN n.${column} > o.${column} THEN n.${column}::bigint END`
    : UNKNOWN;
  const differ = 'o::text IS DISTINCT FROM n::text';
  return `(
            SELECT o.*, ${version} AS cache_version FROM old_rows AS o LEFT JOIN new_rows AS n ON ${same} WHERE ${differ}
            UNION ALL
            SELECT n.*, ${version} AS cache_version FROM new_rows AS n LEFT JOIN old_rows AS o ON ${same} WHERE ${differ}
          )`;
}

interface Trigger {
  readonly name: string;
  readonly event: string;
  readonly rows: string;
  readonly where: string;
  readonly called: string;
}

function trigger({ name, event, rows, where, called }: Trigger): string {
  return `
    DROP TRIGGER IF EXISTS ${name} ON ${where};
    CREATE TRIGGER ${name} AFTER ${event} ON ${where}
      REFERENCING ${rows} FOR EACH STATEMENT EXECUTE FUNCTION ${called}();`;
}
