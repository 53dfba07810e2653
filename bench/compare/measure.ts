import { closeAll, type Closer } from '../../src/start/close-all.js';
import type { ServerProcess } from '../overhead/server-process.js';
import type { ApiUsage } from './api-settings.js';
import type { ContestantName } from './contestants/names.js';
import { lostInCrash, type Lost } from './crash.js';
import { openContestant, type ContestantOptions } from './open-contestant.js';
import { play, type Played } from './traffic/play.js';
import type { Due } from './traffic/schedule.js';
import { warmUp } from './traffic/warm-up.js';

/** What one contestant did with the traffic, once. */
export interface Measured {
  readonly contestant: ContestantName;
  readonly round: number;
  readonly played: readonly Played[];
  /** Between the beginning and the end of the traffic. */
  readonly usage: ApiUsage;
  /** Undefined without Redis. */
  readonly commands: number | undefined;
  readonly kept: { readonly entries: number; readonly bytes: number } | undefined;
  /** Undefined without a database that outlives the process. */
  readonly crash: Lost | undefined;
}

export interface MeasureOptions extends Omit<ContestantOptions, 'closers'> {
  readonly schedule: readonly Due[];
  readonly seed: number;
  /** How long it is asked before anything is measured. */
  readonly warmUpMs: number;
  /** How long clients write before the crash. */
  readonly crashMs: number;
}

/** Starts a contestant over a database and a prefix of its own, sends it the traffic, and ends it by a crash. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { contestant, round, schedule, seed, warmUpMs, backends, crashMs, signal } = options;
  const { redis } = backends;
  const closers: Closer[] = [];
  try {
    const { server, start, database, prefix, playing } = await openContestant({ ...options, closers });
    await warmUp({ ...playing, seed, ms: warmUpMs });
    const before = await usageOf(server);
    const commandsBefore = await redis?.commands();
    const played = await play(schedule, playing);
    const commands = redis === undefined ? undefined : (await redis.commands()) - (commandsBefore ?? 0);
    const usage = difference(await usageOf(server), before);
    const kept = await redis?.kept(prefix);
    const crash =
      database === undefined
        ? undefined
        : await lostInCrash({ server, restart: start, databaseUrl: database.url, crashMs, signal });
    return { contestant, round, played, usage, commands, kept, crash };
  } finally {
    await closeAll(closers);
  }
}

/** How many requests a second the API answers without a cache, both ends as busy as they can be. */
export async function capacityOf(
  options: Omit<ContestantOptions, 'closers' | 'contestant' | 'round'> &
    Pick<MeasureOptions, 'seed' | 'warmUpMs'>,
): Promise<number> {
  const closers: Closer[] = [];
  try {
    const { playing } = await openContestant({ ...options, contestant: 'none', round: 0, closers });
    return await warmUp({ ...playing, seed: options.seed, ms: 2 * options.warmUpMs });
  } finally {
    await closeAll(closers);
  }
}

async function usageOf(server: ServerProcess): Promise<ApiUsage> {
  return (await server.ask('usage')) as ApiUsage;
}

function difference(after: ApiUsage, before: ApiUsage): ApiUsage {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    statements: after.statements - before.statements,
    reads: after.reads - before.reads,
    hits: after.hits - before.hits,
  };
}
