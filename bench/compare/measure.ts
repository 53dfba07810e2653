import path from 'node:path';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { startProgram, type ServerProcess } from '../overhead/server-process.js';
import { openClient } from '../side-by-side/two-processes/client.js';
import type { ApiSettings, ApiUsage, RatingCounts } from './api-settings.js';
import type { Backends } from './backends.js';
import { writesBehind, type ContestantName } from './contestants/names.js';
import { lostInCrash, type Lost } from './crash.js';
import { play, type Played } from './traffic/play.js';
import type { Ask } from './traffic/requests.js';
import type { Due } from './traffic/schedule.js';
import { createTruth, isPosition, ratingKey, type Seen, type Truth } from './traffic/truth.js';

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

export interface MeasureOptions {
  readonly contestant: ContestantName;
  readonly round: number;
  readonly schedule: readonly Due[];
  readonly timesFaster: number;
  readonly backends: Backends;
  /** The API of a contestant, compiled. */
  readonly program: string;
  /** How long clients write before the crash. */
  readonly crashMs: number;
  readonly signal: AbortSignal;
}

/** As the build leaves it. */
export const apiProgram = path.join(import.meta.dirname, 'api-program.js');

const CONNECTIONS = 1024;

/** Starts a contestant over a database and a prefix of its own, sends it the traffic, and ends it by a crash. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { contestant, round, schedule, timesFaster, backends, program, crashMs, signal } = options;
  const closers: Closer[] = [];
  const prefix = `compare-${process.pid}-${round}-${contestant}`;
  const { copyDatabase, redis } = backends;
  try {
    const database = await copyDatabase?.();
    if (database !== undefined) closers.push({ what: 'a database', close: database.drop });
    if (redis !== undefined) closers.push({ what: 'what is in Redis', close: () => redis.forget(prefix) });
    const settings: ApiSettings = {
      contestant,
      databaseUrl: database?.url,
      redisUrl: redis?.url,
      prefix,
      timesFaster,
    };
    const start = async (): Promise<ServerProcess> => {
      const words = [JSON.stringify(settings)];
      const server = await startProgram(contestant, { program, words, signal });
      closers.push({ what: `a process of ${contestant}`, close: () => server.stop() });
      return server;
    };
    const server = await start();
    const truth = await truthOf(server);
    const client = openClient(server.url, CONNECTIONS);
    closers.push({ what: 'a client', close: () => Promise.resolve(client.close()) });
    const before = await usageOf(server);
    const commandsBefore = await redis?.commands();
    const isPromised = (ask: Ask, seen: Seen): boolean =>
      ask.kind === 'row' || !isPosition(seen) || !writesBehind(contestant);
    const played = await play(schedule, { client, truth, isPromised, signal });
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

/** Of ratings it is known how many there are: an answer shows at least these. */
async function truthOf(server: ServerProcess): Promise<Truth> {
  const truth = createTruth();
  const counts = (await server.ask('ratings')) as RatingCounts;
  for (const [film, count] of Object.entries(counts))
    truth.acknowledge(ratingKey(film), count, performance.now());
  return truth;
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
