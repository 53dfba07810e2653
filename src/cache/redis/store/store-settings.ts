import { hostname } from 'node:os';
import type { Cluster, Redis } from 'ioredis';
import { timerFaults } from '../../time/timer-limit.js';
import { refuseFaults, unknownOptions } from '../../unknown-options.js';
import { sentinelsOf } from '../connection/server-info.js';
import { clientFaults } from '../connection/client-faults.js';
import { clusterFaults, isCluster } from '../cluster/cluster-client.js';

export interface RedisStoreOptions {
  /** The first part of every key; default `corral`. Caches that share a Redis need different ones. */
  readonly prefix?: string;
  /**
   * Milliseconds after which a command without an answer has failed; those in which this process stood still do not count. A read of
   * fields whose loads are quick is given up after a fifth of it, or later where answers usually take longer. Default 100; at most 24 days, as a timer.
   */
  readonly commandTimeoutMs?: number;
  /** Milliseconds after which a connection attempt has failed; default 500, at most 24 days. */
  readonly connectTimeoutMs?: number;
}

const redisStoreOptions = {
  prefix: true,
  commandTimeoutMs: true,
  connectTimeoutMs: true,
} satisfies Record<keyof RedisStoreOptions, true>;

/** @throws CacheError for a client or options that cannot be. */
export function checkedSettings(
  redis: Redis | Cluster,
  options: RedisStoreOptions,
): Required<RedisStoreOptions> {
  const { prefix = 'corral', commandTimeoutMs = 100, connectTimeoutMs = 500 } = options;
  const faults = isCluster(redis) ? clusterFaults(redis) : clientFaults(redis);
  faults.push(...unknownOptions(options, redisStoreOptions));
  if (!/^[A-Za-z0-9_.-]+$/.test(prefix)) {
    faults.push(`prefix must be letters, digits and _ . -, but got ${JSON.stringify(prefix)}`);
  }
  for (const [name, ms] of Object.entries({ commandTimeoutMs, connectTimeoutMs })) {
    faults.push(...timerFaults(name, ms));
  }
  refuseFaults('redisStore', faults);
  return { prefix, commandTimeoutMs, connectTimeoutMs };
}

/** The same for all processes that share a server, a database and a prefix. */
export function sharedName(
  { host = 'localhost', port = 6379, path, sentinels, name, db = 0 }: Redis['options'],
  prefix: string,
): string {
  if (sentinels) return `redis ${name} of ${[...sentinelsOf(sentinels)].sort().join()}/${db} ${prefix}`;
  if (path !== undefined) return `redis ${hostname()} ${path}/${db} ${prefix}`;
  // Two machines may each have a Redis of their own under this name.
  const where = LOOPBACK.test(host) ? `${hostname()} ${host}` : host;
  return `redis ${where}:${port}/${db} ${prefix}`;
}

export const LOOPBACK = /^(localhost|127\.|::1|\[::1\])/;
