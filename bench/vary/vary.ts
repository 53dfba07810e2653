import { once } from 'node:events';
import path from 'node:path';
import { privateRedis } from '../../test/support/private-redis.js';
import { forkSteady } from '../overhead/fork-steady.js';
import { median } from '../overhead/slices.js';
import type { WorkloadName } from '../overhead/workloads.js';
import type { Measured } from './program.js';
import type { Turn } from './turns.js';

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
    console.log(
      '| where from | workload | µs without | µs with | ratio CPU | ratio elapsed | of single processes |',
    );
    console.log('|---|---|---:|---:|---:|---:|---|');
    for (const { title, kind } of KINDS) {
      for (const workload of workloads) {
        const runs: (readonly Turn[])[] = [];
        for (let at = 0; at < processes; at += 1) {
          console.error(`${title}, ${workload}, process ${at + 1} of ${processes}`);
          runs.push(await inProcess({ ...kind, redisUrl, workload, turns }, signal));
        }
        console.log(rowOf([title, workload], runs));
      }
    }
  } finally {
    await stop();
  }
}

async function inProcess(measured: Measured, signal: AbortSignal): Promise<readonly Turn[]> {
  const child = forkSteady(path.join(import.meta.dirname, 'program.js'), [], signal);
  const ended = once(child, 'exit').then((): never => {
    throw new Error('a measured process ended before it had measured');
  });
  child.send(measured);
  const [turns] = (await Promise.race([once(child, 'message'), ended])) as [readonly Turn[]];
  return turns;
}

function rowOf(names: readonly string[], runs: readonly (readonly Turn[])[]): string {
  const ratiosOf = (of: 'cpuUs' | 'elapsedUs'): number[] =>
    runs.map((turns) => median(turns.map(({ plain, varied }) => varied[of] / plain[of])));
  const [cpu, elapsed] = [ratiosOf('cpuUs'), ratiosOf('elapsedUs')];
  const all = runs.flat();
  const worse = Math.max(median(cpu), median(elapsed));
  const cells = [
    ...names,
    median(all.map(({ plain }) => plain.cpuUs)).toFixed(1),
    median(all.map(({ varied }) => varied.cpuUs)).toFixed(1),
    median(cpu).toFixed(3),
    median(elapsed).toFixed(3) + (worse > TARGET ? ' MISSED' : ''),
    cpu.map((ratio) => ratio.toFixed(2)).join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}
