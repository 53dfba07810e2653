import { closeAll, type Closer } from '../../src/start/close-all.js';
import { openBackends } from './backends.js';
import { titleOf, type ContestantName } from './contestants/names.js';
import { capacityOf, measure, type Measured } from './measure.js';
import { apiProgram } from './open-contestant.js';
import { scheduleOf } from './traffic/schedule.js';

export interface CompareOptions {
  readonly contestants: readonly ContestantName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  /** Requests of sessions in a second of the busiest hour; default: as many as are answered without a cache, which is measured. */
  readonly rate: number | undefined;
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
  readonly rate: number;
  readonly measured: readonly Measured[];
}

/** Films live for five minutes by schema/; in a run they live for a sixth of it, and all else in proportion. */
const LIFETIMES_SECONDS = 1800;
/** Lists that are kept warm are loaded again before they end: shorter than this, nothing else would be measured. */
const MOST_TIMES_FASTER = 60;
const WARM_UP_SHARE = 0.25;
const MOST_WARM_UP_MS = 15_000;
const CRASH_SHARE = 0.1;
const MOST_CRASH_MS = 2000;

/** Sends the same traffic to each contestant, in rounds that each begin with another one. What it started is gone afterwards. */
export async function compare(options: CompareOptions): Promise<Compared> {
  const { contestants, rounds, seconds, seed, program = apiProgram, tell, signal } = options;
  const closers: Closer[] = [];
  try {
    const backends = await openBackends({ ...options, closers });
    const common = {
      ...{ backends, seed, program, signal },
      timesFaster: Math.min(MOST_TIMES_FASTER, LIFETIMES_SECONDS / seconds),
      warmUpMs: Math.min(MOST_WARM_UP_MS, seconds * 1000 * WARM_UP_SHARE),
    };
    const rate = options.rate ?? (await measuredRate(common, tell));
    const schedule = scheduleOf({ seconds, seed, busiest: rate });
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
            ...{ ...common, contestant, round, schedule },
            crashMs: Math.min(MOST_CRASH_MS, seconds * 1000 * CRASH_SHARE),
          }),
        );
      }
    }
    return { backends: backends.title, requests: schedule.length, rate, measured };
  } finally {
    await closeAll(closers);
  }
}

async function measuredRate(
  options: Parameters<typeof capacityOf>[0],
  tell: (line: string) => void,
): Promise<number> {
  tell('how much the API answers without a cache');
  const rate = Math.round(await capacityOf(options));
  tell(`${rate} requests a second: as many as come in the busiest hour`);
  return rate;
}
