import { closeAll, type Closer } from '../../src/start/close-all.js';
import { median } from '../overhead/slices.js';
import { scratchFolder, someWorkloads, startAll } from '../overhead/start-all.js';
import { warmUp } from '../overhead/warm-up.js';
import type { WorkloadName } from '../overhead/workloads.js';
import { requireWrk, sendLoad, writeScript, type Load } from '../overhead/wrk.js';
import { machineFacts } from '../published/machine-facts.js';
import { titleOf, type ServerName } from '../servers/server-names.js';
import { latencyTable, type LatencyRow } from './latency-table.js';

export interface LatencyOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly servers: readonly ServerName[];
  readonly workloads: readonly WorkloadName[];
  readonly signal: AbortSignal;
}

/** Of few clients, who wait for one answer before they ask again. */
const CONNECTIONS = [1, 4];
/** What lies between the servers and Redis, milliseconds each way. */
const NETWORKS = [0, 1];

/** Prints what few clients wait for an answer, with Redis on the machine and behind a network. What it started is gone afterwards. */
export async function latency(options: LatencyOptions): Promise<void> {
  const wrk = requireWrk();
  const rows: LatencyRow[] = [];
  for (const networkMs of NETWORKS) rows.push(...(await rowsOf(options, { wrk, networkMs })));
  const { rounds, seconds } = options;
  console.log(
    `\n${await machineFacts()}; medians of ${rounds} rounds of ${seconds} s.\n\n${latencyTable(rows)}`,
  );
}

async function rowsOf(
  { rounds, seconds, servers: names, workloads: chosen, signal }: LatencyOptions,
  { wrk, networkMs }: { readonly wrk: string; readonly networkMs: number },
): Promise<readonly LatencyRow[]> {
  const closers: Closer[] = [];
  try {
    const folder = await scratchFolder(closers);
    const { servers } = await startAll({ servers: names, redisLatencyMs: networkMs, signal }, closers);
    const workloads = await someWorkloads(chosen);
    await warmUp(servers, workloads);
    const rows: LatencyRow[] = [];
    for (const workload of workloads) {
      const script = await writeScript(folder, workload);
      for (const connections of CONNECTIONS) {
        const loads = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
        // The first round is dropped.
        for (let round = 0; round <= rounds; round += 1) {
          console.error(
            `${networkMs} ms to Redis, ${workload.title}, ${connections} at once, round ${round}`,
          );
          for (const { name, url } of servers) {
            const load = await sendLoad(wrk, { script, url, seconds, connections, signal });
            if (round > 0) loads.get(name)?.push(load);
          }
        }
        for (const [name, all] of loads) {
          const middle = (of: (load: Load) => number): number => median(all.map(of));
          rows.push({
            ...{ networkMs, workload: workload.title, connections, server: titleOf(name) },
            p50Ms: middle(({ p50Ms }) => p50Ms),
            p99Ms: middle(({ p99Ms }) => p99Ms),
          });
        }
      }
    }
    return rows;
  } finally {
    await closeAll(closers);
  }
}
