import { redisUsageOf } from './redis-usage.js';
import type { ServerProcess } from './server-process.js';
import type { RedisOf } from './start-all.js';
import type { Slice } from './slices.js';
import type { Workload, WorkloadName } from './workloads.js';
import { sendLoad, writeScript } from './wrk.js';

export interface Measuring {
  readonly rounds: number;
  readonly seconds: number;
  /** The load generator. */
  readonly wrk: string;
  /** Where its scripts are written. */
  readonly folder: string;
  readonly redisOf: RedisOf;
  readonly servers: readonly ServerProcess[];
  readonly workloads: readonly Workload[];
  /** Entries that one request asks for, on average. */
  readonly entriesAsked: ReadonlyMap<WorkloadName, number>;
  readonly signal: AbortSignal;
}

/** Each round visits every server once with each workload, and begins with another server than the one before. */
export async function measure(measuring: Measuring): Promise<readonly Slice[]> {
  const { rounds, servers, workloads, folder } = measuring;
  const slices: Slice[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const dropped = round === 0 ? ' (dropped)' : '';
    for (const workload of workloads) {
      console.error(`round ${round + 1} of ${rounds}${dropped}: ${workload.title}`);
      const script = await writeScript(folder, workload);
      for (let turn = 0; turn < servers.length; turn += 1) {
        const server = servers[(turn + round) % servers.length];
        if (server !== undefined) slices.push(await slice(measuring, { round, server, workload, script }));
      }
    }
  }
  return slices;
}

async function slice(
  { wrk, redisOf, seconds, entriesAsked, signal }: Measuring,
  of: { round: number; server: ServerProcess; workload: Workload; script: string },
): Promise<Slice> {
  const { round, server, workload, script } = of;
  const before = await server.usage();
  const send = () => sendLoad(wrk, { script, url: server.url, seconds, signal });
  const { result, usage } = await redisUsageOf(redisOf(server.name), send);
  const after = await server.usage();
  const { requests, seconds: lasted } = result;
  const asked = requests * (entriesAsked.get(workload.name) ?? 0);
  const redisCpuUs = usage.cpuMs * 1000;
  return {
    round,
    server: server.name,
    workload: workload.name,
    requestsPerSecond: requests / lasted,
    cpuPerRequestUs: ((after.cpuMs - before.cpuMs) * 1000) / requests,
    redisPerEntryReadUs: usage.entriesRead === 0 ? undefined : redisCpuUs / usage.entriesRead,
    redisPerEntryAskedUs: redisCpuUs / asked,
    loads: after.loads - before.loads,
  };
}
