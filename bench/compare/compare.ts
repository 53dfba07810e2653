import { closeAll, type Closer } from '../../src/start/close-all.js';
import { openBackends } from './backends.js';
import { titleOf, type ContestantName } from './contestants/names.js';
import { capacityOf, measure, type Measured } from './measure.js';
import { apiProgram } from './open-contestant.js';
import type { RecordedTraffic } from './recorded/recorded-traffic.js';
import { madeTraffic, madeWarmUp, type Traffic } from './traffic/traffic.js';

export interface CompareOptions {
  readonly contestants: readonly ContestantName[];
  readonly rounds: number;
  readonly traffic: MadeOptions | RecordedTraffic;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** The API of a contestant, compiled; by default as the build leaves it. */
  readonly program?: string;
  /** Told how it goes on. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What is made of a seed. */
export interface MadeOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Requests of sessions in a second of the busiest hour; default: as many as are answered without a cache, which is measured. */
  readonly rate: number | undefined;
}

export interface Compared {
  /** Of the database and the store, with their versions. */
  readonly backends: string;
  readonly requests: number;
  /** Undefined for a traffic that was recorded. */
  readonly rate: number | undefined;
  readonly measured: readonly Measured[];
}

/** Films live for five minutes by schema/; in a traffic of a seed they live for a sixth of it, and all else in proportion. */
const LIFETIMES_SECONDS = 1800;
/** Lists that are kept warm are loaded again before they end: shorter than this, nothing else would be measured. */
const MOST_TIMES_FASTER = 60;
const WARM_UP_SHARE = 0.25;
const MOST_WARM_UP_MS = 15_000;
const CRASH_SHARE = 0.1;
const MOST_CRASH_MS = 2000;

/** Sends the same traffic to each contestant, in rounds that each begin with another one. What it started is gone afterwards. */
export async function compare(options: CompareOptions): Promise<Compared> {
  const { contestants, rounds, traffic: asked, program = apiProgram, tell, signal } = options;
  const { seconds } = asked;
  const closers: Closer[] = [];
  try {
    const backends = await openBackends({ ...options, closers });
    const common = {
      ...{ backends, program, signal },
      timesFaster: Math.min(MOST_TIMES_FASTER, timesFasterOf(asked)),
      warmUpMs: Math.min(MOST_WARM_UP_MS, seconds * 1000 * WARM_UP_SHARE),
    };
    const { traffic, rate } = await trafficOf(asked, common, tell);
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
            ...{ ...common, contestant, round, traffic },
            crashMs: Math.min(MOST_CRASH_MS, seconds * 1000 * CRASH_SHARE),
          }),
        );
      }
    }
    return { backends: backends.title, requests: traffic.due.length, rate, measured };
  } finally {
    await closeAll(closers);
  }
}

function isRecorded(traffic: CompareOptions['traffic']): traffic is RecordedTraffic {
  return 'due' in traffic;
}

function timesFasterOf(asked: CompareOptions['traffic']): number {
  return isRecorded(asked) ? asked.timesFaster : LIFETIMES_SECONDS / asked.seconds;
}

interface Sent {
  readonly traffic: Traffic;
  readonly rate: number | undefined;
}

async function trafficOf(
  asked: CompareOptions['traffic'],
  options: Parameters<typeof capacityOf>[1],
  tell: (line: string) => void,
): Promise<Sent> {
  if (isRecorded(asked)) return { traffic: asked, rate: undefined };
  const rate = asked.rate ?? (await measuredRate(asked, options, tell));
  return { traffic: madeTraffic({ ...asked, busiest: rate }), rate };
}

async function measuredRate(
  { seed }: MadeOptions,
  options: Parameters<typeof capacityOf>[1],
  tell: (line: string) => void,
): Promise<number> {
  tell('how much the API answers without a cache');
  const rate = Math.round(await capacityOf(madeWarmUp(seed), options));
  tell(`${rate} requests a second: as many as come in the busiest hour`);
  return rate;
}
