import pg from 'pg';
import type { Home } from './home.js';

/** What the triggers' functions use of the outbox: the rights that they need, by table and column. */
const USED = [
  ['CacheOutbox', 'INSERT', ['store', 'tags', 'versions', 'because']],
  ['CacheStore', 'SELECT', ['name', 'seenAt']],
] as const;
/** The functions by whose rights rows are written, as a range of names, which an index finds. */
const OF_TRIGGERS = `p.proname >= 'cache_outbox_' AND p.proname < 'cache_outbox\`'`;
/** What the functions of all tables call to write something down. */
const CALLED = `('cache_outbox_forget', 'cache_outbox_write', 'cache_key_component')`;

function inSchema({ schema }: Home): string {
  return `(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ${pg.escapeLiteral(schema)})`;
}

function oidOf(home: Home, table: string): string {
  return `(SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = ${inSchema(home)} AND relname = '${table}')`;
}

/**
 * A role by whose rights triggers write rows and which may not, as SQL: then its triggers let each write pass, and tell nothing. NULL
 * where all may. Fails where a column is gone.
 */
export function lacksRightsSql(home: Home): string {
  const may = USED.flatMap(([table, right, columns]) =>
    columns.map(
      (column) => `has_column_privilege(owners.proowner, ${oidOf(home, table)}, '${column}', '${right}')`,
    ),
  );
  return `(
    SELECT pg_catalog.pg_get_userbyid(owners.proowner) FROM (
      SELECT DISTINCT p.proowner FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = ${inSchema(home)} AND ${OF_TRIGGERS}) AS owners
    WHERE (has_schema_privilege(owners.proowner, ${inSchema(home)}, 'USAGE') AND ${may.join(' AND ')}) IS NOT TRUE LIMIT 1)`;
}

/**
 * A text that differs whenever anything was changed by which triggers write rows, as SQL, also where it was changed back since: the
 * schema, the two tables, their columns, the functions that are called, rights on all of these, and of which roles their owner is a member.
 */
export function stampSql(home: Home): string {
  const tables = USED.map(([table]) => oidOf(home, table)).join(', ');
  // The transaction that wrote a row of the catalogue last. Statistics and vacuum change these rows in place, and leave it as it is.
  return `pg_catalog.md5((
    SELECT pg_catalog.string_agg(what, ' ' ORDER BY what) FROM (
      SELECT 'schema ' || oid || ' ' || xmin FROM pg_catalog.pg_namespace WHERE oid = ${inSchema(home)}
      UNION ALL SELECT 'table ' || oid || ' ' || xmin FROM pg_catalog.pg_class WHERE oid IN (${tables})
      UNION ALL SELECT 'column ' || attrelid || ' ' || attnum || ' ' || xmin FROM pg_catalog.pg_attribute WHERE attrelid IN (${tables}) AND attnum > 0
      UNION ALL SELECT 'function ' || p.oid || ' ' || p.xmin FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = ${inSchema(home)} AND p.proname IN ${CALLED}
      UNION ALL SELECT 'member ' || m.roleid || ' ' || m.xmin FROM pg_catalog.pg_auth_members AS m
        WHERE m.member = (SELECT relowner FROM pg_catalog.pg_class WHERE oid = ${oidOf(home, 'CacheOutbox')})
    ) AS parts(what)))`;
}
