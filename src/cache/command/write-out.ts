/** A value as `--json` prints it. */
export function asJson(value: unknown): string {
  // JSON has no whole numbers of any size.
  const plain = (_: string, part: unknown): unknown => (typeof part === 'bigint' ? String(part) : part);
  return JSON.stringify(value, plain, 2);
}

/** Rows under their headings, each column as wide as its widest cell. */
export function asTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line)].join('\n');
}

/** `1 fault`, `2 faults`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
