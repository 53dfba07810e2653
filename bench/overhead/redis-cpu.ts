import type { Redis } from 'ioredis';

/** Milliseconds of CPU that Redis has used since it started. */
export async function redisCpuMs(redis: Redis): Promise<number> {
  const text = await redis.info('cpu');
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return 1000 * (number(/^used_cpu_sys:([\d.]+)/m) + number(/^used_cpu_user:([\d.]+)/m));
}
