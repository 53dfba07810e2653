import { closeAll, type Closer } from '../../src/start/close-all.js';
import type { ServerProcess } from '../overhead/server-process.js';
import { apiUsage, type ApiUsage } from './api-settings.js';
import type { ContestantName } from './contestants/names.js';
import { lostInCrash, type Lost } from './crash.js';
import { openContestant, type ContestantOptions } from './open-contestant.js';
import { play, type Played } from './traffic/play.js';
import type { Due } from './traffic/schedule.js';
import type { Traffic } from './traffic/traffic.js';
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

export interface MeasureOptions extends Omit<ContestantOptions, 'closers' | 'unjudged'> {
  readonly traffic: Traffic;
  /** How long it is asked before anything is measured. */
  readonly warmUpMs: number;
  /** How long clients write before the crash. */
  readonly crashMs: number;
}

/** Starts a contestant over a database and a prefix of its own, sends it the traffic, and ends it by a crash. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { contestant, round, traffic, warmUpMs, backends, crashMs, signal } = options;
  const { redis } = backends;
  const closers: Closer[] = [];
  try {
    const { unjudged } = traffic;
    const { server, start, database, prefix, playing } = await openContestant({
      ...options,
      closers,
      unjudged,
    });
    await warmUp({ ...playing, requests: traffic.warmUp, ms: warmUpMs });
    const before = await usageOf(server);
    const commandsBefore = await redis?.commands();
    const played = await play(traffic.due, playing);
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
  requests: readonly Due[],
  options: Omit<ContestantOptions, 'closers' | 'contestant' | 'round' | 'unjudged'> &
    Pick<MeasureOptions, 'warmUpMs'>,
): Promise<number> {
  const closers: Closer[] = [];
  try {
    const own = { contestant: 'none', round: 0, closers, unjudged: new Set<string>() } as const;
    const { playing } = await openContestant({ ...options, ...own });
    return await warmUp({ ...playing, requests, ms: 2 * options.warmUpMs });
  } finally {
    await closeAll(closers);
  }
}

async function usageOf(server: ServerProcess): Promise<ApiUsage> {
  return apiUsage.parse(await server.ask('usage'));
}

function difference(after: ApiUsage, before: ApiUsage): ApiUsage {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    statements: after.statements - before.statements,
    reads: after.reads - before.reads,
    hits: after.hits - before.hits,
  };
}
