import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { privateRedis } from '../private-redis.js';
import { joinCluster, PRIMARIES, privateCluster, settingsOfNode } from './private-cluster.js';
import { redisClient } from './redis-client.js';
import { tcpProxy, type TcpProxy } from './tcp-proxy.js';
import { serversOfWorker, startedIn, workerRedis, type WorkerServer } from './worker-redis.js';

/** With TESTED_ON=cluster the tests that can run on a Redis Cluster do: see `on-cluster.ts`. */
export const isOnCluster = process.env['TESTED_ON'] === 'cluster';

/** What a test runs on: one server, or a cluster of three primaries and a replica of each. */
export interface TestedRedis {
  /** As a variable of the API, and for `redisClient`. */
  readonly url: string;
  /** The one, or each primary. */
  readonly servers: readonly WorkerServer[];
  stop(): Promise<void>;
}

/** Of this worker, emptied: files that run after each other share it, and no two at once. */
export async function testedRedis(): Promise<TestedRedis> {
  if (isOnCluster) return workerCluster();
  const redis = await workerRedis();
  return { ...redis, servers: [redis] };
}

/** Of a test alone: to be killed, stopped or configured. */
export async function privateTestedRedis(): Promise<TestedRedis> {
  if (isOnCluster) {
    const cluster = await privateCluster();
    return { ...cluster, servers: cluster.primaries };
  }
  const redis = await privateRedis();
  return { ...redis, servers: [redis] };
}

/** A way of its own to each server, as another process has it: a proxy to each, and a client that goes by these. */
export async function ownWay({
  url,
  servers,
}: TestedRedis): Promise<{ readonly proxies: readonly TcpProxy[]; readonly client: Redis | Cluster }> {
  const proxies = await Promise.all(servers.map(({ port }) => tcpProxy(port)));
  const found = proxies.map(({ port }) => ({ host: '127.0.0.1', port }));
  if (!isOnCluster) return { proxies, client: redisClient(`redis://127.0.0.1:${found[0]?.port}`) };
  const natMap = Object.fromEntries(
    found.map((place, index) => [`127.0.0.1:${servers[index]?.port}`, place]),
  );
  return { proxies, client: redisClient(url, { natMap }) };
}

async function workerCluster(): Promise<TestedRedis> {
  const servers = await serversOfWorker('cluster', async (folder) => {
    const start = async (): Promise<WorkerServer> => startedIn(folder, ...(await settingsOfNode()));
    const nodes = await Promise.all(Array.from({ length: 2 * PRIMARIES }, start));
    await joinCluster(nodes.slice(0, PRIMARIES), nodes.slice(PRIMARIES));
    return nodes;
  });
  return {
    url: `redis://127.0.0.1:${servers[0]?.port}?cluster=true`,
    servers: servers.slice(0, PRIMARIES),
    stop: () => Promise.resolve(),
  };
}

/** What a block of tests runs on, and a client of it. */
export interface UsedTestedRedis {
  readonly url: string;
  readonly redis: Redis | Cluster;
  readonly servers: readonly WorkerServer[];
}

/** To be called where tests are declared. Without a Redis, which `isThere` says, neither is there. */
export function useTestedRedis(isThere = true, start = testedRedis): UsedTestedRedis {
  let used: (UsedTestedRedis & Pick<TestedRedis, 'stop'>) | undefined;
  beforeAll(async () => {
    if (!isThere) return;
    const tested = await start();
    used = { ...tested, redis: redisClient(tested.url) };
  });
  afterAll(async () => {
    used?.redis.disconnect();
    await used?.stop();
  });
  const found = (): UsedTestedRedis => {
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
    get servers() {
      return found().servers;
    },
  };
}
