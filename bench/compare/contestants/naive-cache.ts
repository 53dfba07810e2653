import { setTimeout as passes } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** How long the lock of a loader that died keeps others waiting. */
const LOCK_SECONDS = 5;
const ASK_AGAIN_MS = 20;

/** Cache-aside as it is often written by hand. */
export interface NaiveCache {
  read<T>(key: string, ttlSeconds: number, load: () => Promise<T>): Promise<T>;
  forget(...keys: readonly string[]): Promise<void>;
  /** How often it was asked, and how often it had the value. */
  counts(): { readonly reads: number; readonly hits: number };
}

/**
 * One load per key at a time, by a lock that ends by itself, and a write deletes its key. It has the usual race: who began to load
 * before a write stores what it loaded after the write has deleted the key, and that stays for the whole lifetime.
 */
export function naiveCache(redis: Redis, prefix: string): NaiveCache {
  let [reads, hits] = [0, 0];
  const find = async (name: string): Promise<{ readonly value: unknown } | undefined> => {
    const text = await redis.get(name);
    if (text === null) return undefined;
    const value: unknown = JSON.parse(text);
    return { value };
  };
  const loadInTurn = async <T>(
    name: string,
    ttlSeconds: number,
    load: () => Promise<T>,
  ): Promise<unknown> => {
    const lock = `${name}:lock`;
    for (;;) {
      if ((await redis.set(lock, '1', 'EX', LOCK_SECONDS, 'NX')) !== null) {
        try {
          const value = await load();
          await redis.set(name, JSON.stringify(value, bigIntAsNumber) ?? 'null', 'EX', ttlSeconds);
          return value;
        } finally {
          await redis.del(lock);
        }
      }
      await passes(ASK_AGAIN_MS);
      const found = await find(name);
      if (found !== undefined) return found.value;
    }
  };
  return {
    async read<T>(key: string, ttlSeconds: number, load: () => Promise<T>) {
      const name = `${prefix}:naive:${key}`;
      reads += 1;
      const found = await find(name);
      if (found !== undefined) hits += 1;
      // As such code does, it trusts what it once wrote under the key.
      return (found === undefined ? await loadInTurn(name, ttlSeconds, load) : found.value) as T;
    },
    async forget(...keys) {
      await redis.del(...keys.map((key) => `${prefix}:naive:${key}`));
    },
    counts: () => ({ reads, hits }),
  };
}

function bigIntAsNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
