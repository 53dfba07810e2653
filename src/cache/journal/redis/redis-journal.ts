import type { Redis } from 'ioredis';
import { CacheError } from '../../errors.js';
import { luaScript, runScript, textOf, type ScriptCall } from '../../store/redis/lua-script.js';
import { redisNames } from '../../store/redis/redis-names.js';
import { MAX_PENDING, type Accepted, type ClaimedWrite, type Journal, type WriteName } from '../journal.js';
import { DURABILITIES, survivesOf, type Declared, type Durability } from './durability.js';
import { JournalLink } from './journal-link.js';
import { letterOf, readLetter, readWrite } from './written-forms.js';

export interface RedisJournalOptions {
  /** The first part of every key; default `corral`. Journals that share a Redis need different ones. */
  readonly prefix?: string;
  /** What an acknowledged write must survive; default `memory`. A server that keeps less is refused. */
  readonly durability?: Durability;
  /** Replicas that must have a write before it is acknowledged; default 0. */
  readonly replicas?: number;
  /** Keys that may be pending at most; default 10,000. */
  readonly maxPending?: number;
  /** Milliseconds after which a command without an answer has failed; default 1,000. */
  readonly commandTimeoutMs?: number;
  /** The prefix of a redisStore in the same Redis and database: then its entry and the journal change in one step. */
  readonly storePrefix?: string;
}

/** In the place of a time after which writes are due again. */
const SETTLED = -1;
/** Writes of different keys in different places: fewer of them wait for each other. */
const SHARDS = 4;
/** A write that arrives later than this share of the time-out is refused by the server: nobody waits for it any more. */
const DEADLINE_SHARE = 0.8;

function script(name: string) {
  return luaScript(new URL(`../lua/${name}.lua`, import.meta.url));
}

const scripts = {
  accept: script('accept'),
  bury: script('bury'),
  claim: script('claim'),
  replay: script('replay'),
  settle: script('settle'),
};

/**
 * A journal in Redis, which all processes share: whichever is there flushes. It makes a connection of its own, like the
 * given client but hardened, when the cache starts; the given client stays its owner's to close.
 * @throws CacheError for options that cannot be.
 */
export function redisJournal(redis: Redis, options: RedisJournalOptions = {}): Journal {
  const settings = checkedSettings(options);
  const { prefix, storePrefix, commandTimeoutMs, replicas, durability } = settings;
  const shards = Array.from({ length: SHARDS }, (_, index) => shardNames(prefix, index));
  const storeNames = storePrefix === undefined ? undefined : redisNames(storePrefix, 'none');
  let link: JournalLink | undefined;
  let latestDeadline = 0;

  const shardOf = (key: string): ShardNames => shards[shardIndex(key)] ?? shardNames(prefix, 0);
  const run = <T>(commands: (client: Redis) => Promise<T>): Promise<T> =>
    link === undefined ? Promise.reject(new Error('the journal is not open')) : link.run(commands);

  /** Removes writes, or makes them due again after some milliseconds; each shard's part in one call. */
  async function settle(writes: readonly WriteName[], first: number): Promise<void> {
    const calls = shards.flatMap(({ pending, due, attempts }, index): ScriptCall[] => {
      const own = writes.filter(({ key }) => shardIndex(key) === index);
      const args = [first, ...own.flatMap(({ key, seq }) => [key, `${seq}`])];
      return own.length === 0 ? [] : [{ keys: [pending, due, attempts], args }];
    });
    await run((client) => runScript(client, scripts.settle, calls));
  }

  /** How many replicas have what was written on this connection just before. */
  async function confirmed(client: Redis): Promise<number> {
    const waitMs = Math.floor(commandTimeoutMs * DEADLINE_SHARE);
    if (link?.hasWaitAof !== true) return client.wait(replicas, waitMs);
    const local = durability === 'memory' ? 0 : 1;
    const reply: unknown = await client.call('WAITAOF', local, replicas, waitMs);
    const [synced, onReplicas]: unknown[] = Array.isArray(reply) ? reply : [];
    return Number(synced) >= local ? Number(onReplicas) : 0;
  }

  return {
    name: 'redis',
    survives: survivesOf(settings),
    endsGenerations: storeNames !== undefined,
    open: async ({ log }) => {
      link = new JournalLink(redis, { ...settings, log });
      await link.open();
    },
    isAway: () => link?.isAway ?? true,
    laterSeq: () => {
      latestDeadline = Math.max(latestDeadline + 1, link?.serverUs ?? Date.now() * 1000);
      return latestDeadline;
    },
    accept: async ({ key, record, delayMs }) => {
      const { pending, due, clock, attempts } = shardOf(key);
      const deadline = (link?.serverUs ?? 0) + Math.floor(commandTimeoutMs * 1000 * DEADLINE_SHARE);
      latestDeadline = Math.max(latestDeadline, deadline);
      const keys = [pending, due, clock, attempts];
      if (storeNames !== undefined) keys.push(storeNames.generation(key));
      const args = [key, record, Math.round(delayMs), Math.ceil(settings.maxPending / SHARDS), deadline];
      return run(async (client): Promise<Accepted> => {
        const accepting = runScript(client, scripts.accept, [{ keys, args }]);
        // On the same connection and after it: that is what the server waits for.
        const confirming = replicas === 0 ? undefined : accepting.then(() => confirmed(client));
        const [reply] = await accepting;
        const [outcome, number]: unknown[] = Array.isArray(reply) ? reply : [];
        if (outcome === -1) throw new Error('the journal took longer than the write could wait');
        const seq = Number(textOf(number));
        if (outcome !== 1) return { outcome: 'full', seq };
        const isConfirmed = confirming === undefined || (await confirming) >= replicas;
        return { outcome: isConfirmed ? 'accepted' : 'unconfirmed', seq };
      });
    },
    pending: (keys) =>
      run((client) =>
        Promise.all(
          keys.map(async (key) => readWrite(key, await client.hgetBuffer(shardOf(key).pending, key))),
        ),
      ),
    claim: ({ limit, forMs, all = false }) =>
      run(async (client) => {
        const claims = shards.map(({ pending, due, attempts }): ScriptCall => ({
          keys: [pending, due, attempts],
          args: [Math.ceil(limit / SHARDS), Math.round(forMs), all ? 1 : 0],
        }));
        return (await runScript(client, scripts.claim, claims)).flatMap(claimedOf);
      }),
    settle: (writes) => settle(writes, SETTLED),
    retry: (writes, afterMs) => settle(writes, Math.max(0, Math.round(afterMs))),
    bury: (write) =>
      run(async (client) => {
        const { pending, due, attempts, dead } = shardOf(write.key);
        const args = [write.key, `${write.seq}`, letterOf(write)];
        await runScript(client, scripts.bury, [{ keys: [pending, due, attempts, dead], args }]);
      }),
    deadLetters: () =>
      run(async (client) => {
        const letters = await Promise.all(shards.map(({ dead }) => client.hgetallBuffer(dead)));
        return letters.flatMap((all) => Object.entries(all).flatMap(([key, text]) => readLetter(key, text)));
      }),
    replay: (key) =>
      run(async (client) => {
        const { pending, due, attempts, dead } = shardOf(key);
        const found = await client.hgetBuffer(dead, key);
        const [letter] = found === null ? [] : readLetter(key, found);
        if (letter === undefined) return 'unknown';
        const args = [key, `${letter.seq}`, letter.record];
        const keys = [pending, due, attempts, dead];
        const [reply] = await runScript(client, scripts.replay, [{ keys, args }]);
        return reply === 1 ? 'replayed' : reply === 2 ? 'overtaken' : 'unknown';
      }),
    size: () =>
      run(async (client) => {
        const counts = await Promise.all(
          shards.map(async ({ pending, dead, due }) => ({
            pending: await client.hlen(pending),
            dead: await client.hlen(dead),
            oldestMs: Number((await client.zrange(due, '0', '0', 'WITHSCORES'))[1] ?? Infinity),
          })),
        );
        const nowMs = (link?.serverUs ?? 0) / 1000;
        return {
          pending: counts.reduce((sum, { pending }) => sum + pending, 0),
          dead: counts.reduce((sum, { dead }) => sum + dead, 0),
          overdueMs: Math.max(0, Math.round(nowMs - Math.min(...counts.map(({ oldestMs }) => oldestMs)))),
        };
      }),
    close: () => link?.close(),
  };
}

interface ShardNames {
  readonly pending: string;
  readonly due: string;
  readonly clock: string;
  readonly attempts: string;
  readonly dead: string;
}

/** No schema digest: what was accepted before a deploy is flushed after it. */
function shardNames(prefix: string, index: number): ShardNames {
  const name = (what: string): string => `${prefix}:j:{${index}}:${what}`;
  return {
    pending: name('pending'),
    due: name('due'),
    clock: name('clock'),
    attempts: name('attempts'),
    dead: name('dead'),
  };
}

/** The same in every process. FNV-1a, from www.isthe.com/chongo/tech/comp/fnv; it only spreads. */
function shardIndex(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SHARDS;
}

/** Claims come as key, write and attempts in turn. */
function claimedOf(reply: unknown): ClaimedWrite[] {
  const parts: readonly unknown[] = Array.isArray(reply) ? reply : [];
  const claimed: ClaimedWrite[] = [];
  for (let index = 0; index + 2 < parts.length; index += 3) {
    const [name, text, attempts] = parts.slice(index, index + 3);
    const key = Buffer.isBuffer(name) ? name.toString('utf8') : '';
    const write = readWrite(key, Buffer.isBuffer(text) ? text : null);
    if (write !== undefined) claimed.push({ ...write, attempts: Number(textOf(attempts)) });
  }
  return claimed;
}

type Settings = Required<Omit<RedisJournalOptions, 'storePrefix'>> &
  Pick<RedisJournalOptions, 'storePrefix'> &
  Declared;

function checkedSettings(options: RedisJournalOptions): Settings {
  const { prefix = 'corral', durability = 'memory', replicas = 0, storePrefix } = options;
  const { maxPending = MAX_PENDING, commandTimeoutMs = 1000 } = options;
  const faults: string[] = [];
  for (const [name, text] of Object.entries({ prefix, storePrefix })) {
    if (text !== undefined && !/^[A-Za-z0-9_.-]+$/.test(text)) {
      faults.push(`${name} must be letters, digits and _ . -, but got ${JSON.stringify(text)}`);
    }
  }
  if (!DURABILITIES.includes(durability)) {
    faults.push(
      `durability must be one of ${DURABILITIES.join(', ')}, but got ${JSON.stringify(durability)}`,
    );
  }
  if (!Number.isSafeInteger(replicas) || replicas < 0) {
    faults.push(`replicas must be 0 or a positive whole number, but got ${replicas}`);
  }
  for (const [name, number] of Object.entries({ maxPending, commandTimeoutMs })) {
    if (!Number.isSafeInteger(number) || number <= 0) {
      faults.push(`${name} must be a positive whole number, but got ${number}`);
    }
  }
  if (faults.length > 0) throw new CacheError('CACHE_CONFIGURATION', `redisJournal: ${faults.join('; ')}`);
  const settings = { prefix, durability, replicas, maxPending, commandTimeoutMs };
  return storePrefix === undefined ? settings : { ...settings, storePrefix };
}
