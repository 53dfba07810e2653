import type { Redis } from 'ioredis';

/** What Redis did since it started, all servers of it together. */
export interface RedisUsage {
  readonly cpuMs: number;
  /** Entries that Redis gave out, each with its own generation. */
  readonly entriesRead: number;
}

/** What these servers did during `work`. The CPU is read closest to it, so that counting the entries is not counted. */
export async function redisUsageOf<Result>(
  servers: readonly Redis[],
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly usage: RedisUsage }> {
  const entriesBefore = await sumOf(servers, entriesRead);
  const cpuBefore = await sumOf(servers, cpuMs);
  const result = await work();
  const cpuAfter = await sumOf(servers, cpuMs);
  const entriesAfter = await sumOf(servers, entriesRead);
  return { result, usage: { cpuMs: cpuAfter - cpuBefore, entriesRead: entriesAfter - entriesBefore } };
}

async function sumOf(servers: readonly Redis[], one: (redis: Redis) => Promise<number>): Promise<number> {
  return (await Promise.all(servers.map(one))).reduce((sum, figure) => sum + figure, 0);
}

async function cpuMs(redis: Redis): Promise<number> {
  const text = await redis.info('cpu');
  return 1000 * (numberIn(text, /^used_cpu_sys:([\d.]+)/m) + numberIn(text, /^used_cpu_user:([\d.]+)/m));
}

async function entriesRead(redis: Redis): Promise<number> {
  return entriesReadIn(`${await redis.info('stats')}${await redis.info('commandstats')}`);
}

/** Every MGET asks for an epoch, and for each entry for the entry and its generation: two keys of what is left. */
export function entriesReadIn(information: string): number {
  const hits = numberIn(information, /^keyspace_hits:(\d+)/m);
  const reads = numberIn(information, /^cmdstat_mget:calls=(\d+)/m);
  return (hits - reads) / 2;
}

/** 0 where the line is missing: Redis does not name a command that nobody has sent yet. */
function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
