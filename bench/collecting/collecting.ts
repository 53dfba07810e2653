import path from 'node:path';
import { privateRedis } from '../../test/support/private-redis.js';
import type { Turn } from '../in-turns/in-turns.js';
import { turnsOf } from '../in-turns/measured-process.js';
import { turnsHead, turnsRow } from '../in-turns/turns-table.js';
import type { Copies } from '../servers/measured.js';
import type { Collected } from './program.js';

export interface CollectingOptions {
  /** Processes for each row. */
  readonly processes: number;
  /** Turns of each side in one process. */
  readonly turns: number;
  readonly signal: AbortSignal;
}

const KINDS: readonly { readonly title: string; readonly copies: Copies }[] = [
  { title: 'Redis', copies: 'none' },
  { title: 'strict copies', copies: 'strict' },
  { title: 'local copies', copies: 'local' },
];
/** Most that it may cost. */
const TARGET = 1.05;

/** Prints what it costs one film, always the same, that times are taken for metrics and the report. */
export async function collecting({ processes, turns, signal }: CollectingOptions): Promise<void> {
  const { url: redisUrl, stop } = await privateRedis('--io-threads', '1', '--maxmemory', '1gb');
  try {
    console.log(turnsHead(['where from'], ['off', 'on']));
    for (const { title, copies } of KINDS) {
      const runs: (readonly Turn[])[] = [];
      for (let at = 0; at < processes; at += 1) {
        console.error(`${title}, process ${at + 1} of ${processes}`);
        const settings: Collected = { redisUrl, copies, turns };
        runs.push(await turnsOf(path.join(import.meta.dirname, 'program.js'), settings, signal));
      }
      console.log(turnsRow([title], runs, TARGET));
    }
  } finally {
    await stop();
  }
}
