import type { ClientBase } from 'pg';

export interface Insertion<Row> {
  readonly table: string;
  /** The columns to fill, each a property of a row, with their PostgreSQL types. */
  readonly columns: readonly (readonly [name: keyof Row & string, type: string])[];
  readonly rows: readonly Row[];
  readonly onInserted: (count: number) => void;
}

/** Large enough that a statement's own cost vanishes, small enough that progress is seen. */
const rowsPerStatement = 10_000;

/** Inserts many rows in few statements: each column travels as one array. */
export async function insertRows<Row>(client: ClientBase, insertion: Insertion<Row>): Promise<void> {
  const { table, columns, rows, onInserted } = insertion;
  const names = columns.map(([name]) => `"${name}"`).join(', ');
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
  const sql = `INSERT INTO "${table}" (${names}) SELECT * FROM unnest(${arrays})`;
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    const chunk = rows.slice(from, from + rowsPerStatement);
    const values = columns.map(([name]) => chunk.map((row) => row[name]));
    await client.query(sql, values);
    onInserted(chunk.length);
  }
}
