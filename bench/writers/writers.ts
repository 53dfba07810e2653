import { setTimeout as passes } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { percentile } from '../../test/support/load/percentile.js';
import { nameOf, setupsOf, type Mode } from './modes.js';
import { scriptOf, type WorkloadName } from './movies.js';
import { pgbench } from './pgbench.js';
import { resultsOf, type Slice } from './slices.js';
import { tableOf, verdictsOf } from './table.js';
import { startAll, type Written } from './world.js';

export interface WritersOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly modes: readonly Mode[];
  /** How much longer a write to the disk takes that commits share; as long as the disk takes where it is 0. */
  readonly commitMs: number;
  /** The loads that matter most, one process each, and fewer rounds: about a minute. */
  readonly isQuick: boolean;
  readonly json: string | undefined;
  readonly signal: AbortSignal;
}

interface Load {
  readonly workload: WorkloadName | 'idle' | 'paced';
  readonly connections: number;
}

const QUICK: readonly Load[] = [
  { workload: 'single', connections: 32 },
  { workload: 'ten', connections: 32 },
  { workload: 'bulk', connections: 1 },
  { workload: 'paced', connections: 32 },
  { workload: 'idle', connections: 0 },
];
const ALL: readonly Load[] = [
  ...[1, 4, 32, 64].map((connections): Load => ({ workload: 'single', connections })),
  ...[1, 4, 32, 64].map((connections): Load => ({ workload: 'ten', connections })),
  ...[1, 4].map((connections): Load => ({ workload: 'bulk', connections })),
  { workload: 'paced', connections: 32 },
  { workload: 'idle', connections: 0 },
];
const PACED_PER_SECOND = 2000;

/** Starts every database with what watches it, has them written to in turn, and prints the table. */
export async function writers(options: WritersOptions): Promise<void> {
  const closers: Closer[] = [];
  try {
    const { modes, isQuick, commitMs, signal } = options;
    const all = await startAll(setupsOf(modes, isQuick), { closers, commitMs, signal });
    const loads = isQuick ? QUICK : ALL;
    const slices: Slice[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      for (const load of loads) {
        // Another one is first in each round: what slows the machine down slows all of them.
        for (const written of [...all.slice(round % all.length), ...all.slice(0, round % all.length)]) {
          signal.throwIfAborted();
          const slice = await sliceOf(written, { load, round, options });
          if (slice !== undefined) slices.push(slice);
        }
      }
    }
    if (options.json !== undefined) await writeFile(options.json, JSON.stringify(slices, undefined, 2));
    const results = resultsOf(slices);
    console.log(`\n${conditionsOf(options)}\n\n${tableOf(results)}\n\n${verdictsOf(results).join('\n')}`);
  } finally {
    await closeAll(closers);
  }
}

interface Slicing {
  readonly load: Load;
  readonly round: number;
  readonly options: WritersOptions;
}

async function sliceOf(
  { setup, databaseUrl, processes, rest }: Written,
  { load: { workload, connections }, round, options: { seconds, signal } }: Slicing,
): Promise<Slice | undefined> {
  // Without a process nobody sees anything.
  if (workload === 'idle' && setup.processes === 0) return undefined;
  await rest();
  const script = scriptOf(workload === 'idle' || workload === 'paced' ? 'single' : workload);
  const rate = workload === 'paced' ? PACED_PER_SECOND : undefined;
  let written = { perSecond: 0, latenciesMs: [] as readonly number[] };
  let work = async (): Promise<void> => {
    if (workload === 'idle') await passes(seconds * 1000, undefined, { signal });
    else written = await pgbench({ databaseUrl, script, connections, seconds, rate, signal });
  };
  const lagsMs: number[] = [];
  for (const process of processes) {
    const inner = work;
    work = async () => void lagsMs.push(...(await process.probeWhile(inner)));
  }
  await work();
  const { perSecond, latenciesMs } = written;
  const [p50Ms, p99Ms] = [percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.99)];
  const seen =
    lagsMs.length === 0 ? '' : `, seen p99 ${percentile(lagsMs, 0.99).toFixed(0)} ms of ${lagsMs.length}`;
  console.error(
    `round ${round + 1}, ${workload} by ${connections}, ${nameOf(setup)}: ${perSecond.toFixed(0)}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms${seen}`,
  );
  return { round, setup, workload, connections, perSecond, p50Ms, p99Ms, lagsMs };
}

function conditionsOf({ rounds, seconds, commitMs }: WritersOptions): string {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`;
  const slower = commitMs === 0 ? '' : `, which takes ${commitMs} ms longer than it does`;
  return `${date}, ${machine}, Node ${process.version}, commits on the disk${slower}, ${rounds} rounds of ${seconds} s.`;
}
