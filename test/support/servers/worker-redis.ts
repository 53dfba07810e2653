import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { findBinary } from '../run/find-binary.js';
import { goFirst } from '../run/go-first.js';
import { freePort } from '../free-port.js';
import { MissingBinary } from '../needs.js';
import { claimPlace } from '../run/claim-place.js';
import { RUN_FOLDER } from '../run/run-folder-name.js';

export interface WorkerServer {
  readonly port: number;
  readonly pid: number;
}

export interface WorkerRedis extends WorkerServer {
  readonly url: string;
  /** Leaves the server to the next file of this worker. */
  stop(): Promise<void>;
}

/**
 * The Redis server of this worker of vitest, emptied: files that run after each other share it, and no two at once. For a
 * server that is killed, stopped or configured, or for a second one, take `privateRedis`.
 */
export async function workerRedis(): Promise<WorkerRedis> {
  const [server] = await serversOfWorker('redis', async (folder) => [await startedIn(folder)]);
  if (server === undefined) throw new Error('this worker has no Redis server');
  const { port, pid } = server;
  return { port, pid, url: `redis://127.0.0.1:${port}`, stop: () => Promise.resolve() };
}

/** The servers of one kind that this worker has, emptied; they are started for the first file that asks for them. */
export async function serversOfWorker(
  kind: 'redis' | 'cluster',
  start: (folder: string) => Promise<readonly WorkerServer[]>,
): Promise<readonly WorkerServer[]> {
  const folder = process.env[RUN_FOLDER];
  if (folder === undefined) throw new Error('A worker has a Redis server in a run of vitest only.');
  const file = path.join(folder, `${kind}-of-worker-${await claimPlace(folder)}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await start(folder)));
  const servers = JSON.parse(readFileSync(file, 'utf8')) as readonly WorkerServer[];
  for (const { port } of servers) await empty(port);
  return servers;
}

/** The server of this worker for the tests of a block, and a client of it. */
export interface UsedRedis {
  readonly url: string;
  readonly redis: Redis;
}

/** To be called where tests are declared. Without a Redis, which `isThere` says, neither is there. */
export function useWorkerRedis(isThere = true): UsedRedis {
  let used: UsedRedis | undefined;
  beforeAll(async () => {
    if (!isThere) return;
    const { url } = await workerRedis();
    used = { url, redis: new Redis(url) };
  });
  afterAll(() => used?.redis.disconnect());
  const found = (): UsedRedis => {
    if (used === undefined) throw new Error('there is no Redis');
    return used;
  };
  return {
    get url() {
      return found().url;
    },
    get redis() {
      return found().redis;
    },
  };
}

/** It outlives this process, which runs a single file: the run ends it (`run-folder.ts`). */
export async function startedIn(folder: string, ...settings: string[]): Promise<WorkerServer> {
  const program = findBinary('redis-server');
  if (program === undefined) throw new MissingBinary('redis-server', 'redis-server');
  const port = await freePort();
  const dir = mkdtempSync(path.join(folder, 'redis-'));
  const basics = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  const child = spawn(program, [...basics, ...settings], { stdio: 'ignore', detached: true });
  goFirst(child.pid);
  child.unref();
  return { port, pid: child.pid ?? 0 };
}

/** Takes away what earlier files have left: keys, scripts, and connections that nothing uses any more. */
async function empty(port: number): Promise<void> {
  const redis = new Redis(port, { maxRetriesPerRequest: null, retryStrategy: () => 10 });
  // It may be starting still: then the first connections are refused, and made anew.
  redis.on('error', () => undefined);
  // A replica takes away what its primary does.
  if (!(await redis.info('replication')).includes('role:slave')) await redis.flushall();
  for (const type of ['normal', 'pubsub']) await redis.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
  await redis.script('FLUSH');
  redis.disconnect();
}
