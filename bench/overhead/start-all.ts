import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { Closer } from '../../src/start/close-all.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { privateCluster } from '../../test/support/servers/private-cluster.js';
import { tcpProxy } from '../../test/support/servers/tcp-proxy.js';
import { readRows } from '../servers/films.js';
import type { ServerName } from '../servers/server-names.js';
import { openFilmDatabase } from './film-database.js';
import { startServer, type ServerProcess } from './server-process.js';
import { createWorkloads, type Workload, type WorkloadName } from './workloads.js';

/** The servers of Redis that keep what a measured server caches. */
export type RedisOf = (server: string) => readonly Redis[];

export interface Running {
  readonly servers: readonly ServerProcess[];
  readonly redis: Redis;
  readonly redisOf: RedisOf;
  /** What the API keeps its films in. */
  readonly database: string;
}

interface StartOptions {
  readonly servers: readonly ServerName[];
  /** How long what servers say to Redis takes, each way; default 0. */
  readonly redisLatencyMs?: number;
  readonly signal: AbortSignal;
}

/** Starts Redis, a database if one of the servers needs it, and the servers, each in a process of its own. */
export async function startAll(
  { servers: names, redisLatencyMs = 0, signal }: StartOptions,
  closers: Closer[],
): Promise<Running> {
  const { url, port, stop } = await privateRedis('--io-threads', '1');
  closers.push({ what: 'Redis', close: stop });
  const redisUrl = redisLatencyMs === 0 ? url : await farAway(port, redisLatencyMs, closers);
  const redis = askedAt(port, closers);
  const cluster = names.some(isOnCluster) ? await startCluster(closers) : undefined;
  const needsFilms = names.some((name) => name.startsWith('api'));
  const database = await openFilmDatabase(needsFilms, closers);
  const servers: ServerProcess[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    console.error(`starting ${name}`);
    const at = isOnCluster(name) && cluster !== undefined ? cluster.url : redisUrl;
    const server = await startServer(name, { redisUrl: at, databaseUrl: database.url, signal });
    closers.push({ what: 'a measured server', close: () => server.stop() });
    servers.push(server);
  }
  const redisOf = (name: string): readonly Redis[] => (isOnCluster(name) && cluster?.nodes) || [redis];
  return { servers, redis, redisOf, database: database.title };
}

function isOnCluster(name: string): boolean {
  return name.endsWith('-cluster');
}

/** Three primaries without replicas: nothing is written while hits are measured. */
async function startCluster(closers: Closer[]) {
  const { url, primaries, stop } = await privateCluster({ hasReplicas: false });
  closers.push({ what: 'the cluster', close: stop });
  return { url, nodes: primaries.map(({ port }) => askedAt(port, closers)) };
}

function askedAt(port: number, closers: Closer[]): Redis {
  // One that is gone is an error at once: it is ours, and nobody will start it again.
  const redis = new Redis(port, { retryStrategy: () => null });
  closers.push({ what: 'a Redis client', close: () => Promise.resolve(redis.disconnect()) });
  return redis;
}

/** The address of a proxy to a port, which takes its time each way. */
async function farAway(port: number, latencyMs: number, closers: Closer[]): Promise<string> {
  const proxy = await tcpProxy(port, (close) => closers.push({ what: 'a proxy', close }));
  proxy.set({ latencyMs });
  return `redis://127.0.0.1:${proxy.port}`;
}

/** A folder that is gone when the closers have run. */
export async function scratchFolder(closers: Closer[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-bench-'));
  closers.push({ what: 'the folder', close: () => rm(folder, { recursive: true, force: true }) });
  return folder;
}

/** The named workloads, over the films of the demo data. */
export async function someWorkloads(names: readonly WorkloadName[]): Promise<readonly Workload[]> {
  const all = createWorkloads((await readRows()).films.size);
  return all.filter(({ name }) => names.includes(name));
}
