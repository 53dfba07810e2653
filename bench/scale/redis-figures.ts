import type { Redis } from 'ioredis';

/** Commands since Redis started, those inside scripts included. */
export async function commandsOf(redis: Redis): Promise<number> {
  return numberIn(await redis.info('stats'), /^total_commands_processed:(\d+)/m);
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
