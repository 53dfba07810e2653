import type { ClientBase } from 'pg';

/** A table as the database describes it. */
export interface Table {
  readonly name: string;
  /** The type of each column. */
  readonly columns: ReadonlyMap<string, string>;
  /** The columns of its primary key, in their order. */
  readonly primaryKey: readonly string[];
}

interface ColumnRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly place: number | null;
}

/** The tables of the current schema, by name. */
export async function readTables(client: ClientBase): Promise<ReadonlyMap<string, Table>> {
  const { rows } = await client.query<ColumnRow>(`
    SELECT t.relname AS table, a.attname AS column,
           CASE WHEN ty.typtype = 'e' THEN 'enum' ELSE ty.typname END AS type,
           array_position(i.indkey::int2[], a.attnum) AS place
    FROM pg_class t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type ty ON ty.oid = a.atttypid
    LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p')
    ORDER BY t.relname, a.attnum`);
  const names = [...new Set(rows.map(({ table }) => table))];
  return new Map(
    names.map((name) => [
      name,
      tableOf(
        name,
        rows.filter(({ table }) => table === name),
      ),
    ]),
  );
}

function tableOf(name: string, rows: readonly ColumnRow[]): Table {
  const keys = rows.filter(({ place }) => place !== null);
  keys.sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  return {
    name,
    columns: new Map(rows.map(({ column, type }) => [column, type])),
    primaryKey: keys.map(({ column }) => column),
  };
}
