import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { readRows } from '../servers/films.js';
import type { ServerName } from '../servers/server-names.js';
import { openFilmDatabase } from './film-database.js';
import { measure } from './measure.js';
import { reportOf } from './report.js';
import { startServer, type ServerProcess } from './server-process.js';
import { warmUp } from './warm-up.js';
import { createWorkloads, type WorkloadName } from './workloads.js';
import { requireWrk } from './wrk.js';

export interface OverheadOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly servers: readonly ServerName[];
  readonly workloads: readonly WorkloadName[];
  /** Where every slice is written to. */
  readonly json: string | undefined;
  readonly profile: ServerName | undefined;
  /** Stops everything that was started, whatever is under way. */
  readonly signal: AbortSignal;
}

/** Starts all servers, warms them, visits them in turn, and prints the table. What it started is gone afterwards. */
export async function overhead(options: OverheadOptions): Promise<void> {
  const wrk = requireWrk();
  const closers: Closer[] = [];
  try {
    const folder = await mkdtemp(path.join(tmpdir(), 'corral-bench-'));
    closers.push({ what: 'the folder', close: () => rm(folder, { recursive: true, force: true }) });
    const { servers, redis, database } = await startAll(options, closers);
    const all = createWorkloads((await readRows()).films.size);
    const workloads = all.filter(({ name }) => options.workloads.includes(name));
    const entriesAsked = await warmUp(servers, workloads);
    const slices = await measure({ ...options, wrk, folder, redis, servers, workloads, entriesAsked });
    if (options.json !== undefined) await writeFile(options.json, JSON.stringify(slices, undefined, 2));
    console.log(`\n${await reportOf(slices, { ...options, workloads, redis, database })}`);
  } finally {
    await closeAll(closers);
  }
}

interface Running {
  readonly servers: readonly ServerProcess[];
  readonly redis: Redis;
  readonly database: string;
}

async function startAll(options: OverheadOptions, closers: Closer[]): Promise<Running> {
  const { signal } = options;
  const { url: redisUrl, stop } = await privateRedis('--io-threads', '1');
  closers.push({ what: 'Redis', close: stop });
  // One that is gone is an error at once: it is ours, and nobody will start it again.
  const redis = new Redis(redisUrl, { retryStrategy: () => null });
  closers.push({ what: 'the Redis client', close: () => Promise.resolve(redis.disconnect()) });
  const needsFilms = options.servers.some((name) => name.startsWith('api'));
  const database = await openFilmDatabase(needsFilms, closers);
  const profiles =
    options.profile === undefined ? undefined : await mkdtemp(path.join(tmpdir(), 'corral-profile-'));
  if (profiles !== undefined) console.error(`the profile of ${options.profile} will be in ${profiles}`);
  const servers: ServerProcess[] = [];
  for (const name of options.servers) {
    signal.throwIfAborted();
    console.error(`starting ${name}`);
    const profileFolder = name === options.profile ? profiles : undefined;
    const server = await startServer(name, { redisUrl, databaseUrl: database.url, profileFolder, signal });
    closers.push({ what: 'a measured server', close: () => server.stop() });
    servers.push(server);
  }
  return { servers, redis, database: database.title };
}
