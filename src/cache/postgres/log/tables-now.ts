import type { ClientBase } from 'pg';
import { readTables } from '../read-tables.js';
import type { LogPlan, PlannedTable } from './log-plan.js';

/** The tables of a plan as they are now. A table that took the name of another one stands for it; one that was only renamed stays. */
export async function tablesNow(client: ClientBase, plan: LogPlan): Promise<readonly PlannedTable[]> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT DISTINCT n.nspname AS schema FROM pg_catalog.pg_class AS c
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])`,
    [plan.tables.map(({ oids }) => oids[0])],
  );
  const named = [...plan.tables, ...rows].map(({ schema }) => schema);
  const tables = await readTables(client, [...new Set(named)]);
  return plan.tables.map((said) => ({
    said,
    now:
      tables.find(({ schema, name }) => schema === said.schema && name === said.name) ??
      tables.find(({ oid }) => oid === said.oids[0]),
  }));
}

/** The tables of a publication with all of their parts, and what the log has of each, as one text. */
export function tablesNowSql(publication: string): string {
  return `(
    WITH RECURSIVE tree AS (
      SELECT r.prrelid AS oid FROM pg_catalog.pg_publication_rel AS r
      JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid WHERE p.pubname = ${publication}
      UNION
      SELECT i.inhrelid FROM tree AS t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
    )
    SELECT md5(string_agg(concat_ws(':', c.oid, c.relnamespace, c.relname, c.relreplident,
             (SELECT string_agg(i.indexrelid::text, '+' ORDER BY i.indexrelid) FROM pg_catalog.pg_index AS i
              WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident)),
             (SELECT string_agg(i.inhparent::text, '+' ORDER BY i.inhparent) FROM pg_catalog.pg_inherits AS i
              WHERE i.inhrelid = c.oid)), ',' ORDER BY c.oid))
    FROM tree AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.oid)`;
}
