/** What a terminal obeys instead of showing it, or by which it shows text in another order. */
const UNSHOWN = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A value as `--json` prints it. */
export function asJson(value: unknown): string {
  // JSON has no whole numbers of any size.
  const plain = (_: string, part: unknown): unknown => (typeof part === 'bigint' ? String(part) : part);
  return shown(JSON.stringify(value, plain, 2));
}

/** Text that others have a part in, such as a database's error that quotes a client: its lines stay, and no terminal obeys it. */
export function shown(text: string): string {
  return text.replace(UNSHOWN, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Rows under their headings, each column as wide as its widest cell. */
export function asTable(headings: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map((cell) => shown(cell.replaceAll(/[\r\n\t]+/g, ' '))));
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
