import type { Redis } from 'ioredis';
import type { FigureChanges, ProcessFigures } from '../../store/store.js';
import { hasCome, systemClock } from '../../time/clock.js';
import type { RedisNames } from '../redis-names.js';

/** Without a word from a process for so long its figures are forgotten. */
const KEPT_MS = 2 * 60 * 60 * 1000;
/** So often a process says that it is there. */
const SAID_EVERY_MS = 60_000;
/** A report sums no more processes than these, of those that wrote last. */
const MOST_PROCESSES = 64;

type FigureNames = Pick<RedisNames, 'figures' | 'counting'>;
type Share = (
  redis: Redis,
  names: FigureNames,
  changes: FigureChanges & { readonly process: string },
) => Promise<void>;

/**
 * Writes down what a process has counted. The order does not matter: each command may be missed, and comes again. That the process is
 * there is said once a minute, and with the next figures after any of it failed.
 */
export function figureSharing(): Share {
  let said = { key: '', atMs: -Infinity };
  return async (redis, names, { process, slots, gone }) => {
    const key = names.figures(process);
    const nowMs = systemClock.nowMs();
    const sent: Promise<unknown>[] = [];
    const mustSay = said.key !== key || hasCome(said.atMs + SAID_EVERY_MS, nowMs, SAID_EVERY_MS);
    if (slots.size > 0) sent.push(redis.hset(key, Object.fromEntries(slots)));
    if (gone.length > 0) sent.push(redis.hdel(key, ...gone));
    // One that counts nothing for hours has counted what it had before.
    if (slots.size > 0 || mustSay) sent.push(redis.pexpire(key, KEPT_MS));
    if (mustSay) {
      sent.push(
        redis.zadd(names.counting, nowMs, process),
        redis.zremrangebyscore(names.counting, 0, nowMs - KEPT_MS),
        redis.pexpire(names.counting, KEPT_MS),
      );
      said = { key, atMs: nowMs };
    }
    try {
      await Promise.all(sent);
    } catch (error) {
      said = { key, atMs: -Infinity };
      throw error;
    }
  };
}

/** What was written down by the processes that wrote last. */
export async function sharedFigures(
  redis: Redis,
  names: FigureNames,
  parts: readonly string[] | undefined,
): Promise<readonly ProcessFigures[]> {
  const processes = await redis.zrevrange(names.counting, 0, MOST_PROCESSES - 1);
  return Promise.all(
    processes.map(async (process) => ({
      process,
      slots: await slotsOf(redis, names.figures(process), parts),
    })),
  );
}

async function slotsOf(
  redis: Redis,
  key: string,
  parts: readonly string[] | undefined,
): Promise<ReadonlyMap<string, string>> {
  if (parts === undefined) return new Map(Object.entries(await redis.hgetall(key)));
  const texts = await redis.hmget(key, ...parts);
  return new Map(
    parts.flatMap((part, index): [string, string][] => {
      const text = texts[index];
      return text == null ? [] : [[part, text]];
    }),
  );
}
