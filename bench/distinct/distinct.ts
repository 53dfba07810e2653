import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import type { ServerProcess } from '../overhead/server-process.js';
import { scratchFolder, someWorkloads, startAll } from '../overhead/start-all.js';
import { warmUp } from '../overhead/warm-up.js';
import { requireWrk, sendLoad, writeScript } from '../overhead/wrk.js';
import { machineFacts } from '../published/machine-facts.js';
import { titleOf, type ServerName } from '../servers/server-names.js';
import type { HeapUse } from '../servers/told.js';
import { distinctTable, type DistinctRow } from './distinct-table.js';
import { floodScript } from './flood-script.js';

export interface DistinctOptions {
  /** How many each server is sent; half of them differ in their text, half in their variables. */
  readonly operations: number;
  readonly servers: readonly ServerName[];
  readonly signal: AbortSignal;
}

const IDLE_MS = 5000;
const LOAD_SECONDS = 2;
const FLOOD_SECONDS = 5;

/** Prints what operations that never come again leave behind in each server. What it started is gone afterwards. */
export async function distinct({ operations, servers, signal }: DistinctOptions): Promise<void> {
  const wrk = requireWrk();
  const rows: DistinctRow[] = [];
  for (const name of servers) rows.push(await rowOf(name, { wrk, operations, signal }));
  console.log(`\n${await machineFacts()}; ${operations} operations each.\n\n${distinctTable(rows)}`);
}

interface Flooding {
  readonly wrk: string;
  readonly operations: number;
  readonly signal: AbortSignal;
}

async function rowOf(name: ServerName, { wrk, operations, signal }: Flooding): Promise<DistinctRow> {
  const closers: Closer[] = [];
  try {
    const folder = await scratchFolder(closers);
    const { servers } = await startAll({ servers: [name], signal }, closers);
    const workloads = await someWorkloads(['one-zipf']);
    await warmUp(servers, workloads);
    const [[server], [workload]] = [servers, workloads];
    if (server === undefined || workload === undefined) throw new Error('no server or no workload');
    const script = await writeScript(folder, workload);
    const flood = path.join(folder, 'flood.lua');
    const usual = async (): Promise<number> => {
      const { requests, seconds } = await sendLoad(wrk, {
        script,
        url: server.url,
        seconds: LOAD_SECONDS,
        signal,
      });
      return requests / seconds;
    };
    // The first compiles code.
    await usual();
    const before = { rate: await usual(), ...(await atRest(server, signal)) };
    let sent = 0;
    while (sent < operations) {
      await writeFile(flood, floodScript(sent));
      const { requests } = await sendLoad(wrk, {
        script: flood,
        url: server.url,
        seconds: FLOOD_SECONDS,
        signal,
      });
      // Some were on their way when it ended.
      sent += requests + 1000;
      console.error(`${name}: ${sent} of ${operations} operations`);
    }
    const flooded = await memoryOf(server);
    const rate = await usual();
    const after = await atRest(server, signal);
    return {
      title: titleOf(name),
      bytesBefore: before.bytes,
      bytesFlooded: flooded,
      bytesAfter: after.bytes,
      idleBefore: before.idle,
      idleAfter: after.idle,
      usualRatio: rate / before.rate,
    };
  } finally {
    await closeAll(closers);
  }
}

/** What a server takes while nothing asks it: of its memory, and of one core. */
async function atRest(
  server: ServerProcess,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly idle: number }> {
  const bytes = await memoryOf(server);
  const { cpuMs } = await server.usage();
  await passes(IDLE_MS, undefined, { signal });
  return { bytes, idle: ((await server.usage()).cpuMs - cpuMs) / IDLE_MS };
}

async function memoryOf(server: ServerProcess): Promise<number> {
  const { heapBytes, externalBytes } = (await server.ask('heap')) as HeapUse;
  return heapBytes + externalBytes;
}
