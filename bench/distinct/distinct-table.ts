/** What operations that never come again have left behind in a server. */
export interface DistinctRow {
  readonly title: string;
  /** In use after a collection: before, right after them, and after the usual load has come again. */
  readonly bytesBefore: number;
  readonly bytesFlooded: number;
  readonly bytesAfter: number;
  /** The share of one core that an idle process takes. */
  readonly idleBefore: number;
  readonly idleAfter: number;
  /** Requests per second of the usual load afterwards, to those before. */
  readonly usualRatio: number;
}

const HEAD = [
  'server',
  'MiB before',
  'right after',
  'later',
  'idle, % of a core',
  'afterwards',
  'usual load, ratio',
];
const MIB = 1024 * 1024;

/** The rows as a table in Markdown. */
export function distinctTable(rows: readonly DistinctRow[]): string {
  const cells = rows.map((row) => [
    row.title,
    ...[row.bytesBefore, row.bytesFlooded, row.bytesAfter].map((bytes) => (bytes / MIB).toFixed(1)),
    ...[row.idleBefore, row.idleAfter].map((share) => (100 * share).toFixed(2)),
    row.usualRatio.toFixed(2),
  ]);
  const ruler = ['---', ...Array.from({ length: 6 }, () => '---:')];
  return [HEAD, ruler, ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
