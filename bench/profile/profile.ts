import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import type { ServerProcess } from '../overhead/server-process.js';
import { scratchFolder, someWorkloads, startAll } from '../overhead/start-all.js';
import { warmUp } from '../overhead/warm-up.js';
import type { Workload, WorkloadName } from '../overhead/workloads.js';
import { requireWrk, sendLoad, writeScript } from '../overhead/wrk.js';
import type { ServerName } from '../servers/server-names.js';
import { cpuSharesOf, type CpuProfile } from './cpu-shares.js';
import { profileTable, type Profiled } from './profile-table.js';

export interface ProfileOptions {
  readonly servers: readonly ServerName[];
  readonly workloads: readonly WorkloadName[];
  readonly seconds: number;
  /** Functions that are named for each server and workload, those with most time of their own. */
  readonly functions: number;
  readonly signal: AbortSignal;
}

/** Writes a CPU profile of each server under each workload, and prints where the time went. The profiles stay. */
export async function profile(options: ProfileOptions): Promise<void> {
  const wrk = requireWrk();
  const closers: Closer[] = [];
  try {
    const profiles = await mkdtemp(path.join(tmpdir(), 'corral-profiles-'));
    const folder = await scratchFolder(closers);
    const { servers } = await startAll(options, closers);
    const workloads = await someWorkloads(options.workloads);
    await warmUp(servers, workloads);
    for (const workload of workloads) {
      const script = await writeScript(folder, workload);
      const profiled: Profiled[] = [];
      for (const server of servers) {
        console.error(`${workload.title}: ${server.name}`);
        profiled.push(await profileOf(options, { wrk, script, profiles, server, workload }));
      }
      console.log(profileTable(workload.title, profiled, options.functions));
    }
    console.log(`The profiles are in ${profiles}`);
  } finally {
    await closeAll(closers);
  }
}

interface Run {
  readonly wrk: string;
  readonly script: string;
  readonly profiles: string;
  readonly server: ServerProcess;
  readonly workload: Workload;
}

async function profileOf(
  { seconds, signal }: ProfileOptions,
  { wrk, script, profiles, server, workload }: Run,
): Promise<Profiled> {
  const send = () => sendLoad(wrk, { script, url: server.url, seconds, signal });
  // What was not compiled yet would be in the profile.
  await send();
  const before = await server.usage();
  const { requests } = await send();
  const after = await server.usage();
  const file = path.join(profiles, `${server.name}.${workload.name}.cpuprofile`);
  await server.profiled(file, send);
  const written: CpuProfile = JSON.parse(await readFile(file, 'utf8'));
  return {
    server: server.name,
    cpuPerRequestUs: ((after.cpuMs - before.cpuMs) * 1000) / requests,
    shares: cpuSharesOf(written),
  };
}
