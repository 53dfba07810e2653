import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { findBinary } from '../run/find-binary.js';
import { goFirst } from '../run/go-first.js';
import { freePort } from '../free-port.js';
import { MissingBinary } from '../needs.js';
import { claimPlace } from '../run/claim-place.js';
import { RUN_FOLDER } from '../run/run-folder.js';

export interface WorkerRedis {
  readonly port: number;
  readonly url: string;
  /** Leaves the server to the next file of this worker. */
  stop(): Promise<void>;
}

/**
 * The Redis server of this worker of vitest, emptied: files that run after each other share it, and no two at once. For a
 * server that is killed, stopped or configured, or for a second one, take `privateRedis`.
 */
export async function workerRedis(): Promise<WorkerRedis> {
  const folder = process.env[RUN_FOLDER];
  if (folder === undefined) throw new Error('A worker has a Redis server in a run of vitest only.');
  const file = path.join(folder, `redis-of-worker-${await claimPlace(folder)}.json`);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await started(folder)));
  const { port } = JSON.parse(readFileSync(file, 'utf8')) as { readonly port: number };
  const url = `redis://127.0.0.1:${port}`;
  await empty(url);
  return { port, url, stop: () => Promise.resolve() };
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
async function started(folder: string): Promise<{ readonly port: number; readonly pid: number | undefined }> {
  const program = findBinary('redis-server');
  if (program === undefined) throw new MissingBinary('redis-server', 'redis-server');
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const child = spawn(program, settings, { stdio: 'ignore', detached: true });
  goFirst(child.pid);
  child.unref();
  return { port, pid: child.pid };
}

/** Takes away what earlier files have left: keys, scripts, and connections that nothing uses any more. */
async function empty(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 10 });
  // It may be starting still: then the first connections are refused, and made anew.
  redis.on('error', () => undefined);
  for (const type of ['normal', 'pubsub']) await redis.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
  await redis.flushall();
  await redis.script('FLUSH');
  redis.disconnect();
}
