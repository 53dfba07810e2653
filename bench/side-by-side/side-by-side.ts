import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { measure } from '../overhead/measure.js';
import { startProgram, type ServerProcess } from '../overhead/server-process.js';
import { scratchFolder, someWorkloads, startAll } from '../overhead/start-all.js';
import { warmUp } from '../overhead/warm-up.js';
import type { WorkloadName } from '../overhead/workloads.js';
import { requireWrk } from '../overhead/wrk.js';
import { readRows } from '../servers/films.js';
import { ownServers, type PeerName } from './contestants.js';
import { installPeers, peerProgram } from './install-peers.js';
import { peersTable } from './table.js';

export interface SideBySideOptions {
  /** The first is dropped. */
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly workloads: readonly WorkloadName[];
  /** Where every slice is written to. */
  readonly json: string | undefined;
  readonly signal: AbortSignal;
}

/** More work than this for each core, before the bench begins, is that of others. */
const BUSY_LOAD_PER_CORE = 0.25;
const SLICE_SECONDS = 1;

/** Measures the library and the peers in turn, and prints the table. What it started is gone afterwards. */
export async function sideBySide(options: SideBySideOptions): Promise<void> {
  const [loadBefore = 0] = loadavg();
  const wrk = requireWrk();
  const { signal } = options;
  await installPeers(signal);
  const closers: Closer[] = [];
  try {
    const folder = await scratchFolder(closers);
    const { servers: own, redis } = await startAll({ servers: ownServers, signal }, closers);
    const servers = [...own, ...(await startPeers(options, { folder, closers }))];
    const workloads = await someWorkloads(options.workloads);
    const entriesAsked = await warmUp(servers, workloads);
    const measuring = { wrk, folder, redis, servers, workloads, entriesAsked, seconds: SLICE_SECONDS };
    const slices = await measure({ ...measuring, rounds: options.rounds, signal });
    if (options.json !== undefined) await writeFile(options.json, JSON.stringify(slices, undefined, 2));
    const isBusy = loadBefore > BUSY_LOAD_PER_CORE * cpus().length;
    const load = `load average before ${loadBefore.toFixed(1)}${isBusy ? ': A BUSY MACHINE' : ''}`;
    const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`;
    const date = new Date().toISOString().slice(0, 10);
    console.log(`\n${date}, ${machine}, ${options.rounds - 1} rounds of ${SLICE_SECONDS} s, ${load}\n`);
    console.log(peersTable(slices, workloads));
  } finally {
    await closeAll(closers);
  }
}

async function startPeers(
  { peers, signal }: SideBySideOptions,
  { folder, closers }: { readonly folder: string; readonly closers: Closer[] },
): Promise<readonly ServerProcess[]> {
  const file = path.join(folder, 'rows.json');
  const { films, people } = await readRows();
  await writeFile(file, JSON.stringify({ films: [...films.values()], people: [...people.values()] }));
  const servers: ServerProcess[] = [];
  for (const name of peers) {
    signal.throwIfAborted();
    console.error(`starting ${name}`);
    const server = await startProgram(name, { program: peerProgram, words: [name, file], signal });
    closers.push({ what: `the peer ${name}`, close: () => server.stop() });
    servers.push(server);
  }
  return servers;
}
