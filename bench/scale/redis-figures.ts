import type { Redis } from 'ioredis';

/** Commands since Redis started, those inside scripts included; without INFO, by which the engine looks after its connections. */
export async function commandsOf(redis: Redis): Promise<number> {
  const counts = (await redis.info('commandstats')).matchAll(/^cmdstat_(?!info:)[^:]+:calls=(\d+)/gm);
  return Array.from(counts).reduce((sum, [, calls]) => sum + Number(calls), 0);
}

/** Bytes that Redis takes. */
export async function memoryOf(redis: Redis): Promise<number> {
  return numberIn(await redis.info('memory'), /^used_memory:(\d+)/m);
}

function numberIn(text: string, pattern: RegExp): number {
  const [, digits] = pattern.exec(text) ?? [];
  if (digits === undefined) throw new Error(`Redis does not tell ${pattern.source}`);
  return Number(digits);
}
