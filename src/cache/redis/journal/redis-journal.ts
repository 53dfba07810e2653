import type { Redis } from 'ioredis';
import { clientFaults } from '../connection/client-faults.js';
import { runScript, textOf, type ScriptCall } from '../connection/lua-script.js';
import { redisNames } from '../redis-names.js';
import { systemClock } from '../../time/clock.js';
import { tooLongFaults } from '../../time/timer-limit.js';
import { within } from '../../time/within.js';
import { refuseFaults, unknownOptions } from '../../unknown-options.js';
import {
  MAX_DEAD,
  MAX_PENDING,
  type ClaimedWrite,
  type Doubt,
  type Journal,
  type PendingWrite,
  type WriteName,
} from '../../journal/journal.js';
import { confirmationOf, Confirmations } from './confirmation.js';
import { DURABILITIES, survivesOf, type Declared, type Durability } from './durability.js';
import { EPOCH_FIELD, Epochs } from './epochs.js';
import { shardIndex, shardNames, SHARDS, type ShardNames } from './journal-names.js';
import { journalScripts as scripts } from './journal-scripts.js';
import { JournalServer } from './journal-server.js';
import { tryOutJournal } from './try-out.js';
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
  /** Milliseconds after which a command without an answer has failed; default 1,000, at most 24 days. */
  readonly commandTimeoutMs?: number;
  /** The prefix of a redisStore in the same Redis and database: then its entry and the journal change in one step. */
  readonly storePrefix?: string;
}

const redisJournalOptions = {
  prefix: true,
  durability: true,
  replicas: true,
  maxPending: true,
  commandTimeoutMs: true,
  storePrefix: true,
} satisfies Record<keyof RedisJournalOptions, true>;

/** In the place of a time after which writes are due again. */
const SETTLED = -1;
/** In the place of the longest time for which anything is put off. */
const NEVER_TOO_LONG = -1;
/** A write that arrives later than this share of the time-out is refused by the server: its caller has given up. */
const DEADLINE_SHARE = 0.8;

/**
 * A journal in Redis, which all processes share: whichever is there flushes. It makes a connection of its own, like the
 * given client but hardened, when the cache starts; the given client stays its owner's to close.
 * @throws CacheError for a client or options that cannot be.
 */
export function redisJournal(redis: Redis, options: RedisJournalOptions = {}): Journal {
  const settings = checkedSettings(redis, options);
  const { prefix, storePrefix, commandTimeoutMs, replicas } = settings;
  const waitMs = Math.floor(commandTimeoutMs * DEADLINE_SHARE);
  const shards = Array.from({ length: SHARDS }, (_, index) => shardNames(prefix, index));
  const storeNames = storePrefix === undefined ? undefined : redisNames(storePrefix, 'none');
  const confirmations = new Confirmations();
  let server: JournalServer | undefined;
  /** Above it is no number of this process: neither one it was given, nor one it may still be given. */
  let highest = 0;
  /** The highest number that this process was given. */
  let given = 0;
  let tellDoubt: ((doubt: Doubt) => void) | undefined;

  const doubt = (why: Doubt['why'], held = 0): void =>
    tellDoubt?.({ why, held, sinceSeq: Math.max(given, server?.serverUs ?? 0) });
  const epochs = new Epochs(SHARDS, doubt);
  const nextEpoch = (): string => `${server?.run ?? ''} ${epochs.nextName()}`;
  const shardOf = (key: string): ShardNames => shards[shardIndex(key)] ?? shardNames(prefix, 0);
  const run = <T>(commands: (client: Redis) => Promise<T>): Promise<T> =>
    server === undefined ? Promise.reject(new Error('the journal is not open')) : server.ask(commands);
  const runConfirmed = <T>(commands: (client: Redis) => Promise<T>): Promise<T> =>
    server === undefined
      ? Promise.reject(new Error('the journal is not open'))
      : server.askConfirmed(commands);

  /** Removes writes, or makes them due again after some milliseconds; each shard's part in one call. */
  async function settle(writes: readonly WriteName[], first: number, laterAfterMs = 0): Promise<void> {
    const calls = shards.flatMap(({ pending, due, attempts }, index): ScriptCall[] => {
      const own = writes.filter(({ key }) => shardIndex(key) === index);
      const args = [first, Math.round(laterAfterMs), ...own.flatMap(({ key, seq }) => [key, `${seq}`])];
      return own.length === 0 ? [] : [{ keys: [pending, due, attempts], args }];
    });
    await run((client) => runScript(client, scripts.settle, calls));
  }

  /** Whether enough replicas have what was written on this connection just before; false where they do not say it in time. */
  async function isConfirmed(client: Redis): Promise<boolean> {
    const question = confirmationOf(settings, { hasWaitAof: server?.hasWaitAof ?? false, waitMs });
    const confirmed = confirmations.of(client, question).catch(() => 0);
    return (await within(systemClock, { work: confirmed, ms: waitMs, onLate: () => 0 })) >= replicas;
  }

  return {
    name: 'redis',
    survives: survivesOf(settings),
    endsGenerations: storeNames !== undefined,
    open: async ({ log, onDoubt }) => {
      tellDoubt = onDoubt;
      const generationOf = storeNames?.generation.bind(storeNames);
      server = new JournalServer(redis, {
        ...settings,
        log,
        onDoubt: doubt,
        tryOut: (client, { hasWaitAof }) => tryOutJournal(client, { ...settings, hasWaitAof, generationOf }),
      });
      await server.open();
    },
    isAway: () => server?.isAway ?? true,
    mayAccept: () => server?.mayAccept ?? false,
    laterSeq: () => {
      highest = Math.max(highest + 1, server?.serverUs ?? systemClock.nowMs() * 1000);
      return highest;
    },
    passedInMs: (seq) => {
      const ms = Math.ceil((seq - (server?.serverUs ?? systemClock.nowMs() * 1000)) / 1000);
      // Further ahead is only what the journal itself has counted, and goes on counting from.
      return Math.min(Math.max(0, ms), waitMs);
    },
    accept: async ({ key, record, delayMs }) => {
      const { pending, due, clock, attempts, dead } = shardOf(key);
      const deadline = (server?.serverUs ?? 0) + waitMs * 1000;
      highest = Math.max(highest, deadline);
      const keys = [pending, due, clock, attempts, dead];
      if (storeNames !== undefined) keys.push(storeNames.generation(key));
      const atMost = Math.ceil(settings.maxPending / SHARDS);
      const bounds = [Math.round(delayMs), atMost, deadline, given];
      const args = [key, record, ...bounds, EPOCH_FIELD, nextEpoch(), MAX_DEAD / SHARDS];
      const { reply, confirming } = await runConfirmed(async (client) => {
        const [answer] = await runScript(client, scripts.accept, [{ keys, args }]);
        // On the same connection and after it: that is what the server waits for. It has its own time.
        return { reply: answer, confirming: replicas === 0 ? undefined : isConfirmed(client) };
      });
      const [outcome, number, found, present]: unknown[] = Array.isArray(reply) ? reply : [];
      if (outcome === -1) {
        // Or the clock of the server was set forward.
        server?.lookAgain();
        throw new Error('the journal took longer than the write could wait');
      }
      const seq = Number(textOf(number));
      // The journal counts on from the highest number so far where the clock of the server goes back.
      highest = Math.max(highest, seq);
      given = Math.max(given, seq);
      if (outcome !== 1) return { outcome: 'full', seq };
      epochs.noticed(shardIndex(key), { found: epochOf(found), present: epochOf(present) });
      const isSafe = confirming === undefined || (await confirming);
      return { outcome: isSafe ? 'accepted' : 'unconfirmed', seq };
    },
    pending: (keys) =>
      run(async (client) => {
        const found = new Map<string, PendingWrite | undefined>();
        const ask = async (own: readonly string[], index: number): Promise<void> => {
          const { pending } = shards[index] ?? shardNames(prefix, index);
          const texts = await client.hmgetBuffer(pending, ...own, EPOCH_FIELD);
          epochs.noticed(index, { found: epochOf(texts.at(-1)) });
          own.forEach((key, place) => found.set(key, readWrite(key, texts[place] ?? null)));
        };
        await Promise.all(Array.from(byShard(keys), ([index, own]) => ask(own, index)));
        return keys.map((key) => found.get(key));
      }),
    claim: async ({ limit, forMs, all = false, longestMs = NEVER_TOO_LONG, aheadMs = 0 }) => {
      const what = [Math.ceil(limit / SHARDS), Math.round(forMs), all ? 1 : 0, Math.round(longestMs)];
      const ahead = Math.round(aheadMs);
      const claimFrom = (indices: readonly number[], isAnyDue: boolean): Promise<readonly ClaimedWrite[][]> =>
        run(async (client) => {
          const calls = indices.map((index): ScriptCall => {
            const { pending, due, attempts } = shards[index] ?? shardNames(prefix, index);
            const epoch = [EPOCH_FIELD, server?.run ?? '', epochs.nextName()];
            return { keys: [pending, due, attempts], args: [...what, ...epoch, ahead, isAnyDue ? 1 : 0] };
          });
          return (await runScript(client, scripts.claim, calls)).map((reply, place) => {
            const [found, present, pending, ...claimed]: unknown[] = Array.isArray(reply) ? reply : [];
            epochs.noticed(indices[place] ?? 0, {
              found: epochOf(found),
              present: epochOf(present),
              pending: Number(pending),
            });
            return claimedOf(claimed);
          });
        });
      const claimed = await claimFrom([...shards.keys()], false);
      const rest = claimed.flatMap((writes, index) => (writes.length === 0 ? [index] : []));
      const isAnyDue = rest.length > 0 && rest.length < SHARDS;
      // The shards are due at one time, so that what they have goes in one flush.
      const more = ahead > 0 && isAnyDue ? await claimFrom(rest, true) : [];
      return [...claimed, ...more].flat();
    },
    settle: (writes, laterAfterMs) => settle(writes, SETTLED, laterAfterMs),
    supersede: async (writes) => {
      const calls = writes.map(({ key, seq }): ScriptCall => {
        const { pending, due, attempts, dead, clock } = shardOf(key);
        return { keys: [pending, due, attempts, dead, clock], args: [key, `${seq}`] };
      });
      await run((client) => runScript(client, scripts.supersede, calls));
    },
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
        if (letter === undefined || found === null) return 'unknown';
        const args = [key, `${letter.seq}`, letter.record, found];
        const keys = [pending, due, attempts, dead];
        const [reply] = await runScript(client, scripts.replay, [{ keys, args }]);
        return reply === 1 ? 'replayed' : reply === 2 ? 'superseded' : 'unknown';
      }),
    restore: (writes) =>
      run(async (client) => {
        const calls = writes.map(({ key, seq, record }): ScriptCall => {
          const { pending, due, clock, dead } = shardOf(key);
          return {
            keys: [pending, due, clock, dead],
            args: [key, `${seq}`, record, EPOCH_FIELD, nextEpoch()],
          };
        });
        const replies = await runScript(client, scripts.restore, calls);
        return replies.filter((reply) => reply === 1).length;
      }),
    size: () =>
      run(async (client) => {
        const counts = await Promise.all(
          shards.map(async ({ pending, dead, due }) => ({
            pending: (await client.hlen(pending)) - (await client.hexists(pending, EPOCH_FIELD)),
            dead: await client.hlen(dead),
            oldestMs: Number((await client.zrange(due, '0', '0', 'WITHSCORES'))[1] ?? Infinity),
          })),
        );
        const nowMs = (server?.serverUs ?? 0) / 1000;
        return {
          pending: counts.reduce((sum, { pending }) => sum + pending, 0),
          dead: counts.reduce((sum, { dead }) => sum + dead, 0),
          overdueMs: Math.max(0, Math.round(nowMs - Math.min(...counts.map(({ oldestMs }) => oldestMs)))),
        };
      }),
    close: () => server?.close(),
  };
}

function byShard(keys: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const grouped = new Map<number, string[]>();
  for (const key of keys) {
    const index = shardIndex(key);
    const own = grouped.get(index);
    if (own === undefined) grouped.set(index, [key]);
    else own.push(key);
  }
  return grouped;
}

function epochOf(text: unknown): string | undefined {
  return Buffer.isBuffer(text) ? text.toString('latin1') : undefined;
}

/** Claims come as key, write and attempts in turn. */
function claimedOf(parts: readonly unknown[]): ClaimedWrite[] {
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

function checkedSettings(redis: Redis, options: RedisJournalOptions): Settings {
  const { prefix = 'corral', durability = 'memory', replicas = 0, storePrefix } = options;
  const { maxPending = MAX_PENDING, commandTimeoutMs = 1000 } = options;
  const faults = [...clientFaults(redis), ...unknownOptions(options, redisJournalOptions)];
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
  faults.push(...tooLongFaults({ commandTimeoutMs }));
  refuseFaults('redisJournal', faults);
  const settings = { prefix, durability, replicas, maxPending, commandTimeoutMs };
  return storePrefix === undefined ? settings : { ...settings, storePrefix };
}
