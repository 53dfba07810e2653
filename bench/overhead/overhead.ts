import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { privateRedis, type PrivateRedis } from '../../test/support/private-redis.js';
import { readRows } from '../servers/films.js';
import type { ServerName } from '../servers/server-names.js';
import { redisCpuMs } from './redis-cpu.js';
import { startServer, type ServerProcess } from './server-process.js';
import { resultsOf, type Slice } from './slices.js';
import { tableOf, verdictsOf } from './table.js';
import { warmUp } from './warm-up.js';
import { createWorkloads, type Workload, type WorkloadName } from './workloads.js';
import { requireWrk, sendLoad, writeScript } from './wrk.js';

export interface OverheadOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly servers: readonly ServerName[];
  readonly workloads: readonly WorkloadName[];
  readonly json: string | undefined;
  readonly profile: string | undefined;
}

/** Starts all servers, warms them, visits them in turn, and prints the table. */
export async function overhead(options: OverheadOptions): Promise<void> {
  const wrk = requireWrk();
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-bench-'));
  const redis = await privateRedis('--io-threads', '1');
  const client = new Redis(redis.url);
  const servers: ServerProcess[] = [];
  try {
    const all = createWorkloads((await readRows()).films.size);
    const workloads = all.filter(({ name }) => options.workloads.includes(name));
    for (const name of options.servers) {
      console.error(`starting ${name}`);
      servers.push(await startServer(name, { redisUrl: redis.url, isProfiled: options.profile === name }));
    }
    const entries = await warmUp(servers, workloads);
    const slices = await measure({ ...options, wrk, folder, client, servers, workloads, entries });
    if (options.json !== undefined) await writeFile(options.json, JSON.stringify(slices, undefined, 2));
    await report(slices, { workloads, options, client });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    client.disconnect();
    await stopAll(redis, folder);
  }
}

interface Measuring extends Omit<OverheadOptions, 'servers' | 'workloads'> {
  readonly wrk: string;
  readonly folder: string;
  readonly client: Redis;
  readonly servers: readonly ServerProcess[];
  readonly workloads: readonly Workload[];
  /** Entries that one request reads, on average. */
  readonly entries: ReadonlyMap<WorkloadName, number>;
}

/** Each round visits every server once with each workload, and begins with another server than the one before. */
async function measure(measuring: Measuring): Promise<readonly Slice[]> {
  const { rounds, servers, workloads, folder } = measuring;
  const slices: Slice[] = [];
  for (let round = 0; round < rounds; round += 1) {
    console.error(`round ${round + 1} of ${rounds}${round === 0 ? ' (dropped)' : ''}`);
    for (const workload of workloads) {
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
  { wrk, client, seconds, entries }: Measuring,
  of: { round: number; server: ServerProcess; workload: Workload; script: string },
): Promise<Slice> {
  const { round, server, workload, script } = of;
  const [before, redisBefore] = [await server.usage(), await redisCpuMs(client)];
  const { requests, seconds: lasted } = await sendLoad(wrk, { script, url: server.url, seconds });
  const [after, redisAfter] = [await server.usage(), await redisCpuMs(client)];
  const read = requests * (entries.get(workload.name) ?? 0);
  return {
    round,
    server: server.name,
    workload: workload.name,
    requestsPerSecond: requests / lasted,
    cpuPerRequestUs: ((after.cpuMs - before.cpuMs) * 1000) / requests,
    redisPerEntryUs: ((redisAfter - redisBefore) * 1000) / read,
    loads: after.loads - before.loads,
  };
}

async function report(
  slices: readonly Slice[],
  of: { workloads: readonly Workload[]; options: OverheadOptions; client: Redis },
): Promise<void> {
  const results = resultsOf(slices, 'constants');
  const version = /redis_version:(\S+)/.exec(await of.client.info('server'))?.[1];
  const [cpu] = cpus();
  const machine = `${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, Redis ${version}`;
  const { rounds, seconds } = of.options;
  const date = new Date().toISOString().slice(0, 10);
  console.log(`\n${date}, ${machine}, ${rounds - 1} rounds of ${seconds} s, 64 connections.\n`);
  console.log(tableOf(results, of.workloads));
  console.log(`\n${verdictsOf(results).join('\n')}`);
  for (const { server, workload, loads } of results) {
    if (loads > 0 && server !== 'no-cache') console.log(`note: ${server}, ${workload}: ${loads} loads`);
  }
}

async function stopAll(redis: PrivateRedis, folder: string): Promise<void> {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
}
