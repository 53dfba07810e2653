/** Rows in the order of the ids they were asked by; null for each id without a row. */
export function align<Row>(
  ids: readonly string[],
  rows: readonly Row[],
  idOf: (row: Row) => number,
): (Row | null)[] {
  const byId = new Map(rows.map((row) => [String(idOf(row)), row]));
  return ids.map((id) => byId.get(id) ?? null);
}
