import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { measure } from '../overhead/measure.js';
import { startProgram, type ServerProcess } from '../overhead/server-process.js';
import { resultsOf, type Slice } from '../overhead/slices.js';
import { scratchFolder, someWorkloads, startAll } from '../overhead/start-all.js';
import { warmUp } from '../overhead/warm-up.js';
import type { Workload, WorkloadName } from '../overhead/workloads.js';
import { requireWrk } from '../overhead/wrk.js';
import { readRows } from '../servers/films.js';
import { contestantTitle, ownServers, type PeerName } from './contestants.js';
import { peerProgram } from './install-peers.js';
import { worseRatioOf } from './ratios.js';
import type { Standing } from './standing.js';

export interface HitsOptions {
  /** The first is dropped. */
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly signal: AbortSignal;
}

export interface Hits {
  readonly slices: readonly Slice[];
  readonly workloads: readonly Workload[];
}

const WORKLOADS: readonly WorkloadName[] = ['one', 'list', 'one-shapes'];
export const SLICE_SECONDS = 1;

/** One process of each contestant, which has everything that it is asked for; all are up at once and are visited in turn. */
export async function measureHits(options: HitsOptions): Promise<Hits> {
  const { rounds, signal } = options;
  const wrk = requireWrk();
  const closers: Closer[] = [];
  try {
    const folder = await scratchFolder(closers);
    const { servers: own, redisOf } = await startAll({ servers: ownServers, signal }, closers);
    const servers = [...own, ...(await startPeers(options, { folder, closers }))];
    const workloads = await someWorkloads(WORKLOADS);
    const entriesAsked = await warmUp(servers, workloads);
    const measuring = { wrk, folder, redisOf, servers, workloads, entriesAsked, seconds: SLICE_SECONDS };
    return { slices: await measure({ ...measuring, rounds, signal }), workloads };
  } finally {
    await closeAll(closers);
  }
}

/** How the contestants stand in each workload. */
export function hitStandings({ slices, workloads }: Hits): readonly Standing[] {
  return resultsOf(slices, 'constants').map(({ server, workload }) => ({
    name: server,
    title: contestantTitle(server),
    what: `${workloads.find(({ name }) => name === workload)?.title ?? workload}, ratio to constants`,
    figure: worseRatioOf(slices, server, workload).median,
    digits: 2,
    isBetterMore: true,
    note: '',
  }));
}

async function startPeers(
  { peers, signal }: HitsOptions,
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
