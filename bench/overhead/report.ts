import { cpus } from 'node:os';
import type { Redis } from 'ioredis';
import { resultsOf, type Slice } from './slices.js';
import { tableOf, verdictsOf } from './table.js';
import type { Workload } from './workloads.js';

export interface Measured {
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly seconds: number;
  readonly redis: Redis;
  /** What the API keeps its films in. */
  readonly database: string;
}

/** Where and how it was measured, the table, the targets, and what should not have happened, as Markdown. */
export async function reportOf(slices: readonly Slice[], measured: Measured): Promise<string> {
  const results = resultsOf(slices, 'constants');
  const notes = results
    .filter(({ server, loads }) => loads > 0 && server !== 'no-cache')
    .map(({ server, workload, loads }) => `note: ${server}, ${workload}: ${loads} loads during the slices`);
  return [
    await conditionsOf(measured),
    tableOf(results, measured.workloads),
    verdictsOf(results).join('\n'),
    ...notes,
  ].join('\n\n');
}

async function conditionsOf({ rounds, seconds, redis, database }: Measured): Promise<string> {
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1];
  const [cpu] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores`;
  const versions = `Node ${process.version}, Redis ${version}, ${database}`;
  return `${date}, ${machine}, ${versions}, ${rounds - 1} rounds of ${seconds} s, 64 connections.`;
}
