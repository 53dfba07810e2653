/** What clients of one server waited for. */
export interface LatencyRow {
  /** Each way to Redis. */
  readonly networkMs: number;
  readonly workload: string;
  /** Clients at once. */
  readonly connections: number;
  readonly server: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const HEAD = ['Redis', 'workload', 'clients', 'server', 'p50 ms', 'p99 ms'];

/** The rows as a table in Markdown. */
export function latencyTable(rows: readonly LatencyRow[]): string {
  const cells = rows.map(({ networkMs, workload, connections, server, p50Ms, p99Ms }) => [
    networkMs === 0 ? 'beside it' : `${networkMs} ms away`,
    workload,
    String(connections),
    server,
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
  ]);
  const ruler = ['---', '---', '---:', '---', '---:', '---:'];
  return [HEAD, ruler, ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
