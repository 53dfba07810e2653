import path from 'node:path';
import type { Closer } from '../../src/start/close-all.js';
import { startProgram, type ServerProcess } from '../overhead/server-process.js';
import { openClient } from '../side-by-side/two-processes/client.js';
import { ratingCounts, type ApiSettings } from './api-settings.js';
import type { Backends, CopiedDatabase } from './backends.js';
import { writesBehind, type ContestantName } from './contestants/names.js';
import type { PlayOptions } from './traffic/play.js';
import { createTruth, isPosition, ratingKey, type Truth } from './traffic/truth.js';

export interface ContestantOptions {
  readonly contestant: ContestantName;
  readonly round: number;
  readonly timesFaster: number;
  readonly backends: Backends;
  /** The API of a contestant, compiled. */
  readonly program: string;
  /** Keys of positions that are not judged. */
  readonly unjudged: ReadonlySet<string>;
  readonly closers: Closer[];
  readonly signal: AbortSignal;
}

/** A contestant that answers, over a database and a prefix of its own. */
export interface OpenContestant {
  readonly server: ServerProcess;
  /** Starts it again, once it has ended. */
  readonly start: () => Promise<ServerProcess>;
  readonly database: CopiedDatabase | undefined;
  /** The first part of its keys in Redis. */
  readonly prefix: string;
  /** What it is sent requests with. */
  readonly playing: PlayOptions;
}

/** As the build leaves it. */
export const apiProgram = path.join(import.meta.dirname, 'api-program.js');

const CONNECTIONS = 1024;

export async function openContestant(options: ContestantOptions): Promise<OpenContestant> {
  const { contestant, round, timesFaster, backends, program, unjudged, closers, signal } = options;
  const prefix = `compare-${process.pid}-${round}-${contestant}`;
  const { copyDatabase, redis } = backends;
  const database = await copyDatabase?.();
  if (database !== undefined) closers.push({ what: 'a database', close: database.drop });
  if (redis !== undefined) closers.push({ what: 'what is in Redis', close: () => redis.forget(prefix) });
  const databaseUrl = database?.url;
  const settings: ApiSettings = { contestant, databaseUrl, redisUrl: redis?.url, prefix, timesFaster };
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
  const isPromised = promisedBy(contestant, unjudged);
  return { server, start, database, prefix, playing: { client, truth, isPromised, signal } };
}

/** What an answer of a contestant promises: positions of which a later one is a greater one, in lists once the database has them. */
export function promisedBy(
  contestant: ContestantName,
  unjudged: ReadonlySet<string>,
): NonNullable<PlayOptions['isPromised']> {
  const isBehind = writesBehind(contestant);
  return ({ kind }, seen) => !unjudged.has(seen.key) && (kind === 'row' || !isPosition(seen) || !isBehind);
}

/** Of ratings it is known how many there are: an answer shows at least these. */
async function truthOf(server: ServerProcess): Promise<Truth> {
  const truth = createTruth();
  const counts = ratingCounts.parse(await server.ask('ratings'));
  for (const [film, count] of Object.entries(counts))
    truth.acknowledge(ratingKey(film), count, performance.now());
  return truth;
}
