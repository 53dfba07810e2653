import { closeAll, type Closer } from '../../src/start/close-all.js';
import { openBackends } from './backends.js';
import { titleOf, type ContestantName } from './contestants/names.js';
import { apiProgram, measure, type Measured } from './measure.js';
import { scheduleOf } from './traffic/schedule.js';

export interface CompareOptions {
  readonly contestants: readonly ContestantName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** The API of a contestant, compiled; by default as the build leaves it. */
  readonly program?: string;
  /** Told how it goes on. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Compared {
  /** Of the database and the store, with their versions. */
  readonly backends: string;
  readonly requests: number;
  readonly measured: readonly Measured[];
}

/** Films live for five minutes by schema/; in a run they live for a sixth of it, and all else in proportion. */
const LIFETIMES_SECONDS = 1800;
/** Lists that are kept warm are loaded again before they end: shorter than this, nothing else would be measured. */
const MOST_TIMES_FASTER = 60;
const CRASH_SHARE = 0.1;
const MOST_CRASH_MS = 2000;

/** Sends the same traffic to each contestant, in rounds that each begin with another one. What it started is gone afterwards. */
export async function compare(options: CompareOptions): Promise<Compared> {
  const { contestants, rounds, seconds, seed, program = apiProgram, tell, signal } = options;
  const closers: Closer[] = [];
  const schedule = scheduleOf({ seconds, seed });
  try {
    const backends = await openBackends({ ...options, closers });
    // Written by hand over Redis, it is nothing without one.
    const able = contestants.filter((name) => name !== 'naive' || backends.redis !== undefined);
    const measured: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < able.length; turn += 1) {
        signal.throwIfAborted();
        const contestant = able[(turn + round) % able.length];
        if (contestant === undefined) continue;
        tell(`${measured.length + 1} of ${rounds * able.length}: ${titleOf(contestant)}, round ${round + 1}`);
        measured.push(
          await measure({
            ...{ contestant, round, schedule, backends, program, signal },
            timesFaster: Math.min(MOST_TIMES_FASTER, LIFETIMES_SECONDS / seconds),
            crashMs: Math.min(MOST_CRASH_MS, seconds * 1000 * CRASH_SHARE),
          }),
        );
      }
    }
    return { backends: backends.title, requests: schedule.length, measured };
  } finally {
    await closeAll(closers);
  }
}
