import type { Redis } from 'ioredis';
import { FORMAT_VERSION } from '../codec/entry.js';
import { readScript, runScript } from './lua-script.js';
import { createNonces } from './nonces.js';
import type { EntryAddress, Fill, FillOutcome, Reading, Store } from './store.js';

export interface RedisStoreOptions {
  /** The first part of every key; default `corral`. Caches that share a Redis need different ones. */
  readonly prefix?: string;
  /**
   * Milliseconds a generation is kept after it was last captured; default two days. An entry with tags lives no longer
   * than that.
   */
  readonly generationsKeptForMs?: number;
}

const TWO_DAYS_MS = 2 * 24 * 60 * 60 * 1000;
/** Keys in one MGET: a longer one would keep Redis from everybody else. */
const KEYS_PER_READ = 1000;

const capture = readScript('capture');
const fill = readScript('fill');
const invalidate = readScript('invalidate');

/**
 * Entries in Redis 6.2 or later, shared by all processes. A read is one MGET of entries and generations, compared in
 * the process; scripts are for what writes. The key of an entry and its generation are in one hash slot:
 * `{prefix}:{format version}:e:{Movie:42}` and `…:g:{Movie:42}`. Nothing is stored without an expiry.
 */
export function redisStore(redis: Redis, options: RedisStoreOptions = {}): Store {
  const base = `${options.prefix ?? 'corral'}:${FORMAT_VERSION}`;
  const keptForMs = options.generationsKeptForMs ?? TWO_DAYS_MS;
  const nextNonce = createNonces();
  const entryKey = (key: string): string => `${base}:e:{${key}}`;
  const generationKey = (tag: string): string => `${base}:g:{${tag}}`;

  return {
    name: 'redis',
    isLocal: false,

    async read(addresses) {
      const wanted = new KeyList();
      const places = addresses.map(({ key, tags }) => ({
        entry: wanted.add(entryKey(key)),
        generations: tags.map((tag) => wanted.add(generationKey(tag))),
      }));
      const values = await readAll(redis, wanted.keys);
      return places.map((place): Reading => ({
        bytes: values[place.entry] ?? undefined,
        generations: place.generations.map((index) => values[index]?.toString('latin1')),
      }));
    },

    async capture(addresses) {
      const wanted = new KeyList();
      const places = addresses.map(({ key, tags }: EntryAddress) =>
        [key, ...tags].map((tag) => wanted.add(generationKey(tag))),
      );
      const calls = wanted.keys.map((key) => ({ keys: [key], args: [nextNonce(), keptForMs] }));
      const generations = (await runScript(redis, capture, calls)).map(textOf);
      return places.map((indexes) => indexes.map((index) => generations[index] ?? ''));
    },

    async fill(fills) {
      const calls = fills.map(({ key, bytes, generations, keepForMs }: Fill) => ({
        keys: [entryKey(key), generationKey(key)],
        args: [generations[0] ?? '', bytes, Math.max(1, Math.round(keepForMs))],
      }));
      const replies = await runScript(redis, fill, calls);
      return replies.map((reply): FillOutcome => (reply === 1 ? 'stored' : 'outdated'));
    },

    async invalidate(tags) {
      const calls = tags.map((tag) => ({
        keys: [entryKey(tag), generationKey(tag)],
        args: [nextNonce(), keptForMs],
      }));
      await runScript(redis, invalidate, calls);
    },

    // The connection belongs to whoever made it.
    close: () => undefined,
  };
}

/** Keys in the order of their first use, each once. */
class KeyList {
  readonly keys: string[] = [];
  readonly #indexes = new Map<string, number>();

  add(key: string): number {
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.keys.push(key) - 1;
      this.#indexes.set(key, index);
    }
    return index;
  }
}

async function readAll(redis: Redis, keys: readonly string[]): Promise<(Buffer | null)[]> {
  if (keys.length === 0) return [];
  if (keys.length <= KEYS_PER_READ) return redis.mgetBuffer([...keys]);
  const parts: Promise<(Buffer | null)[]>[] = [];
  for (let start = 0; start < keys.length; start += KEYS_PER_READ) {
    parts.push(redis.mgetBuffer(keys.slice(start, start + KEYS_PER_READ)));
  }
  return (await Promise.all(parts)).flat();
}

function textOf(reply: unknown): string {
  if (!Buffer.isBuffer(reply)) throw new Error('a script answered with something other than a generation');
  return reply.toString('latin1');
}
