import { writeFile } from 'node:fs/promises';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import type { ServerName } from '../servers/server-names.js';
import { measure } from './measure.js';
import { reportOf } from './report.js';
import { scratchFolder, someWorkloads, startAll } from './start-all.js';
import { warmUp } from './warm-up.js';
import type { WorkloadName } from './workloads.js';
import { requireWrk } from './wrk.js';

export interface OverheadOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly servers: readonly ServerName[];
  readonly workloads: readonly WorkloadName[];
  /** Where every slice is written to. */
  readonly json: string | undefined;
  /** Stops everything that was started, whatever is under way. */
  readonly signal: AbortSignal;
}

/** Starts all servers, warms them, visits them in turn, and prints the table. What it started is gone afterwards. */
export async function overhead(options: OverheadOptions): Promise<void> {
  const wrk = requireWrk();
  const closers: Closer[] = [];
  try {
    const folder = await scratchFolder(closers);
    const { servers, redis, redisOf, database } = await startAll(options, closers);
    const workloads = await someWorkloads(options.workloads);
    const entriesAsked = await warmUp(servers, workloads);
    const slices = await measure({ ...options, wrk, folder, redisOf, servers, workloads, entriesAsked });
    if (options.json !== undefined) await writeFile(options.json, JSON.stringify(slices, undefined, 2));
    console.log(`\n${await reportOf(slices, { ...options, workloads, redis, database })}`);
  } finally {
    await closeAll(closers);
  }
}
