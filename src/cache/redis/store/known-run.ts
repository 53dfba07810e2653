import type { Redis } from 'ioredis';
import type { RedisNames } from '../redis-names.js';
import { announce } from './invalidation-log.js';
import { EPOCH_KEPT_MS } from './kept-times.js';

/** Whether this is the run of the server that entries were last stored in, as far as the server knows. */
export async function knowsRun(redis: Redis, names: RedisNames, run: string): Promise<boolean> {
  // What is of another type was not written by us: it is replaced when all is forgotten.
  if ((await redis.get(names.run).catch(nothingForWrongType)) !== run) return false;
  // A server that only answers, and takes no invalidation, is not back. A full one may take this.
  await redis.pexpire(names.run, EPOCH_KEPT_MS);
  return true;
}

/** Sees to it that nothing that was stored so far, or in another run, is ever served. */
export async function forgetAll(redis: Redis, names: RedisNames, run: string): Promise<void> {
  const nowMs = await timeOf(redis);
  // In this order: who stops in between leaves it to the next.
  await endEpoch(redis, names);
  await redis.set(names.forgotten, nowMs, 'PX', EPOCH_KEPT_MS);
  await redis.set(names.run, run, 'PX', EPOCH_KEPT_MS);
}

/** For how long the server has been used since all was forgotten there, by its own clock; undefined where that is not known. */
export async function forgottenForMs(redis: Redis, names: RedisNames): Promise<number | undefined> {
  const [text, nowMs] = await Promise.all([
    redis.get(names.forgotten).catch(nothingForWrongType),
    timeOf(redis),
  ]);
  return text ? nowMs - Number(text) : undefined;
}

/** Ends the generation that every entry depends on, and has each process forget its copies. */
export async function endEpoch(redis: Redis, names: RedisNames): Promise<void> {
  await redis.del(names.epoch);
  await announce(redis, names.log, 'all');
}

/** For what another program put there: it was not written by us. */
export function nothingForWrongType(error: unknown): undefined {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined;
  throw error;
}

/** The time of the server, milliseconds. */
async function timeOf(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
