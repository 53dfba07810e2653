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
