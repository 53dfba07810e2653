import path from 'node:path';
import { privateRedis } from '../../test/support/private-redis.js';
import type { Turn } from '../in-turns/in-turns.js';
import { turnsOf } from '../in-turns/measured-process.js';
import { turnsHead, turnsRow } from '../in-turns/turns-table.js';
import type { WorkloadName } from '../overhead/workloads.js';
import type { Measured } from './program.js';

export interface VaryOptions {
  /** Processes for each row. */
  readonly processes: number;
  /** Turns of each side in one process. */
  readonly turns: number;
  readonly workloads: readonly WorkloadName[];
  readonly signal: AbortSignal;
}

type Kind = Pick<Measured, 'copies' | 'hasMemo'>;

const KINDS: readonly { title: string; kind: Kind }[] = [
  { title: 'Redis', kind: { copies: 'none', hasMemo: false } },
  { title: 'strict copies', kind: { copies: 'strict', hasMemo: false } },
  { title: 'operation memo', kind: { copies: 'none', hasMemo: true } },
];
/** Most that values which vary may cost. */
const TARGET = 1.03;

/** Prints what it costs that all fields vary by tenant and locale: both sides in one process, in turns of milliseconds. */
export async function vary({ processes, turns, workloads, signal }: VaryOptions): Promise<void> {
  const { url: redisUrl, stop } = await privateRedis('--io-threads', '1', '--maxmemory', '1gb');
  try {
    console.log(turnsHead(['where from', 'workload'], ['without', 'with']));
    for (const { title, kind } of KINDS) {
      for (const workload of workloads) {
        const runs: (readonly Turn[])[] = [];
        for (let at = 0; at < processes; at += 1) {
          console.error(`${title}, ${workload}, process ${at + 1} of ${processes}`);
          const measured: Measured = { ...kind, redisUrl, workload, turns };
          runs.push(await turnsOf(path.join(import.meta.dirname, 'program.js'), measured, signal));
        }
        console.log(turnsRow([title, workload], runs, TARGET));
      }
    }
  } finally {
    await stop();
  }
}
