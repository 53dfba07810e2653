import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { encodeEntry } from '../../src/cache/codec/entry.js';
import { runScript } from '../../src/cache/redis/connection/lua-script.js';
import { redisNames } from '../../src/cache/redis/redis-names.js';
import { announce } from '../../src/cache/redis/store/invalidation-log.js';
import { figureSharing } from '../../src/cache/redis/store/figures-in-redis.js';
import { invalidations } from '../../src/cache/redis/store/invalidations.js';
import { storeScripts } from '../../src/cache/redis/store/store-scripts.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { memoryOf } from '../scale/redis-figures.js';
import type { MeasuredCosts } from './arithmetic.js';

const ENTRIES = 50_000;
/** Of so many entries there is one of what is dear to make. */
const DEAR = 5;
const SUBSCRIBERS = 200;
const PUBLISHED = 200;
const LOG_READINGS = 200;
const PROCESSES = 1000;
/** That a process counts something of within two seconds. */
const FIELDS = 10;
const ROUNDS = 3;
/** Commands that are sent together. */
const AT_ONCE = 500;
const DAY_MS = 86_400_000;
const names = redisNames('films', '0123456789ab');

/** Bytes and CPU of what the store does in a real server of its own, with so many values of so many bytes. */
export async function measuredCosts(bytes: number, entries = ENTRIES): Promise<MeasuredCosts> {
  const server = await privateRedis('--io-threads', '1', '--maxclients', '2000');
  const redis = new Redis(server.url, { protocol: 2, enableReadyCheck: false });
  try {
    return await measured(redis, { url: server.url, bytes, entries });
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

interface Measuring {
  readonly url: string;
  readonly bytes: number;
  readonly entries: number;
}

async function measured(redis: Redis, { url, bytes, entries }: Measuring): Promise<MeasuredCosts> {
  const keys = Array.from({ length: entries }, (_, index) => `Movie:${1_000_000 + index}`);
  const generations = new Map<string, string>();
  const before = await memoryOf(redis);
  const acquireUs = await cpuOf(redis, keys, async (part) => {
    const calls = part.map((key) => ({
      keys: [names.generation(key), names.lease(key), names.entry(key)],
      args: [`0123456789abcdef${key.slice(-6)}`, DAY_MS, '0123456789abcdef', 1, ''],
    }));
    const replies = await runScript(redis, storeScripts.acquire, calls);
    for (const [index, reply] of replies.entries()) {
      const [generation]: unknown[] = Array.isArray(reply) ? reply : [];
      generations.set(part[index] ?? '', String(generation));
    }
  });
  // Only generations are left.
  await inParts(keys, (part) => redis.del(part.map((key) => names.lease(key))));
  const withGenerations = await memoryOf(redis);
  const fillUs = await cpuOf(redis, keys, (part) => fill(redis, part, { bytes, generations }));
  const withEntries = await memoryOf(redis);
  const [key = ''] = keys;
  const entryUsage = await usageOf(redis, names.entry(key));
  const generationUsage = await usageOf(redis, names.generation(key));
  const mgetUs = await leastCpuOf(redis, keys, (part) =>
    Promise.all(part.map((key) => redis.mgetBuffer(names.epoch, names.entry(key), names.generation(key)))),
  );
  const invalidateUs = await cpuOf(redis, keys, (part) =>
    runScript(
      redis,
      storeScripts.invalidate,
      part.flatMap((key) => invalidations(names, { tags: [key] }, String)),
    ),
  );
  const infos = Array.from({ length: entries / DEAR }, () => 'replication');
  const infoUs = await leastCpuOf(redis, infos, (part) =>
    Promise.all(part.map((section) => redis.info(section))),
  );
  const deleteUs = await leastCpuOf(redis, keys, (part) =>
    Promise.all(part.map((key) => redis.del(`epoch:{${key}}`))),
  );
  return {
    ...{ mgetUs, acquireUs, fillUs, invalidateUs, infoUs, deleteUs },
    entryBytes: (withEntries - withGenerations) / entries - bytes,
    generationBytes: (withGenerations - before) / entries,
    ...{ entryUsage, generationUsage },
    ...(await figuresCosts(redis)),
    ...(await logCosts(redis, entries / DEAR)),
    ...(await subscriberCosts(redis, url)),
  };
}

async function fill(
  redis: Redis,
  part: readonly string[],
  { bytes, generations }: { readonly bytes: number; readonly generations: ReadonlyMap<string, string> },
): Promise<void> {
  const calls = part.map((key) => {
    const generation = generations.get(key) ?? '';
    const entry = encodeEntry({
      ...{
        key,
        generations: [generation, generation],
        loadedAtMs: Date.now(),
        freshForMs: 600_000,
        loadMs: 12,
      },
      payload: randomBytes(bytes),
    });
    return {
      keys: [names.entry(key), names.generation(key), names.lease(key)],
      args: [generation, entry, DAY_MS, '', names.channel, key, DAY_MS],
    };
  });
  await runScript(redis, storeScripts.fill, calls);
}

async function logCosts(
  redis: Redis,
  entries: number,
): Promise<Pick<MeasuredCosts, 'logEntryUs' | 'logEntryBytes'>> {
  const tags = Array.from({ length: entries }, (_, index) => `Movie:${1_000_000 + index}`);
  await inParts(tags, (part) => Promise.all(part.map((tag) => announce(redis, names.log, [tag]))));
  const logEntryBytes = Number(await redis.memory('USAGE', names.log, 'SAMPLES', 0)) / entries;
  const readings = Array.from({ length: LOG_READINGS }, () => 500);
  const readingUs = await leastCpuOf(redis, readings, (part) =>
    Promise.all(part.map((count) => redis.xrange(names.log, '-', '+', 'COUNT', count))),
  );
  return { logEntryBytes, logEntryUs: readingUs / 500 };
}

async function subscriberCosts(
  redis: Redis,
  url: string,
): Promise<Pick<MeasuredCosts, 'deliveryUs' | 'connectionBytes'>> {
  const before = await memoryOf(redis);
  const subscribers = Array.from(
    { length: SUBSCRIBERS },
    () => new Redis(url, { protocol: 2, enableReadyCheck: false }),
  );
  try {
    await Promise.all(subscribers.map((one) => one.subscribe(names.channel)));
    const connectionBytes = ((await memoryOf(redis)) - before) / SUBSCRIBERS;
    const messages = Array.from({ length: PUBLISHED }, (_, index) => `Movie:${1_000_000 + index}`);
    // One by one, as they come from scripts: sent together, a subscriber would be sent many in one write.
    const publishUs = await cpuOf(redis, messages, async (part) => {
      for (const message of part) await redis.publish(names.channel, message);
    });
    return { connectionBytes, deliveryUs: publishUs / SUBSCRIBERS };
  } finally {
    for (const one of subscribers) one.disconnect();
  }
}

/** What one process writes down of its counters, at the time. */
async function figuresCosts(redis: Redis): Promise<Pick<MeasuredCosts, 'figuresUs'>> {
  const processes = Array.from({ length: PROCESSES }, (_, index) => `process-${index}`);
  const slots = new Map(
    Array.from({ length: FIELDS }, (_, index) => [`Query.field${index}`, 'x'.repeat(200)]),
  );
  const sharing = new Map(processes.map((process) => [process, figureSharing()]));
  const share = async (process: string): Promise<void> =>
    sharing.get(process)?.(redis, names, { process, slots, gone: [] });
  return { figuresUs: await leastCpuOf(redis, processes, (part) => Promise.all(part.map(share))) };
}

/** What MEMORY USAGE says of one key: without its place in the tables of all keys and of their expiries. */
async function usageOf(redis: Redis, key: string): Promise<number> {
  return Number(await redis.memory('USAGE', key));
}

/** Microseconds of the server's CPU for each item. */
async function cpuOf<Item>(
  redis: Redis,
  items: readonly Item[],
  send: (part: readonly Item[]) => Promise<unknown>,
): Promise<number> {
  const before = await cpuSeconds(redis);
  await inParts(items, send);
  return (((await cpuSeconds(redis)) - before) * 1e6) / items.length;
}

/** The same of what can be done again: the least of some rounds, as others take the machine's caches too. */
async function leastCpuOf<Item>(
  redis: Redis,
  items: readonly Item[],
  send: (part: readonly Item[]) => Promise<unknown>,
): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) least = Math.min(least, await cpuOf(redis, items, send));
  return least;
}

async function inParts<Item>(
  items: readonly Item[],
  send: (part: readonly Item[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) await send(items.slice(start, start + AT_ONCE));
}

async function cpuSeconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return ['user', 'sys'].reduce((sum, kind) => {
    const [, text] = new RegExp(`^used_cpu_${kind}:(.*)$`, 'm').exec(info) ?? [];
    return sum + Number(text);
  }, 0);
}
