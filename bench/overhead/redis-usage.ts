import type { Redis } from 'ioredis';

/** What Redis did since it started. */
export interface RedisUsage {
  readonly cpuMs: number;
  /** Entries that were read, each with its generation. */
  readonly entries: number;
}

/** Every MGET asks for the epoch, and for each entry for the entry and for its generation: two of three keys. */
export async function redisUsage(redis: Redis): Promise<RedisUsage> {
  const text = `${await redis.info('cpu')}${await redis.info('stats')}${await redis.info('commandstats')}`;
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const cpuSeconds = number(/^used_cpu_sys:([\d.]+)/m) + number(/^used_cpu_user:([\d.]+)/m);
  const hits = number(/^keyspace_hits:(\d+)/m);
  const reads = number(/^cmdstat_mget:calls=(\d+)/m);
  return { cpuMs: cpuSeconds * 1000, entries: (hits - reads) / 2 };
}
