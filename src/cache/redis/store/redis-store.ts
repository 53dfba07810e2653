import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { StoreAway } from '../../store/store-away.js';
import { timerFaults } from '../../time/timer-limit.js';
import { refuseFaults, unknownOptions } from '../../unknown-options.js';
import { createNonces } from '../../store/nonces.js';
import type {
  Acquired,
  EntryAddress,
  Fill,
  FillOutcome,
  Intended,
  Intention,
  LeaseRequest,
  OpenOptions,
  PutOutcome,
  Reading,
  Store,
} from '../../store/store.js';
import { clientFaults } from '../connection/client-faults.js';
import { bytesOrNothing, runScript, textOf, type ScriptCall } from '../connection/lua-script.js';
import { ServerConnection, type Purpose } from '../connection/server-connection.js';
import { redisNames, type RedisNames } from '../redis-names.js';
import { countAsked, mostAsked } from './asked-in-redis.js';
import { inParts, readInParts } from './in-parts.js';
import { InTurn } from './in-turn.js';
import { OversizedEntries } from './oversized-entries.js';
import { announce, readLog } from './invalidation-log.js';
import { readEntries } from './read-entries.js';
import { storeScripts as scripts } from './store-scripts.js';
import { tryOut } from './try-out.js';

export interface RedisStoreOptions {
  /** The first part of every key; default `corral`. Caches that share a Redis need different ones. */
  readonly prefix?: string;
  /** Milliseconds after which a command without an answer has failed; those in which this process stood still do not count. Default 100; at most 24 days, as a timer. */
  readonly commandTimeoutMs?: number;
  /** Milliseconds after which a connection attempt has failed; default 500, at most 24 days. */
  readonly connectTimeoutMs?: number;
}

const redisStoreOptions = {
  prefix: true,
  commandTimeoutMs: true,
  connectTimeoutMs: true,
} satisfies Record<keyof RedisStoreOptions, true>;

const PURPOSE: Purpose = {
  name: 'redisStore',
  code: 'CACHE_STORE_REFUSED',
  page: 'docs/several-processes.md',
  opensAt: 'silence',
  triesOut: 'once',
  hasSlowLane: false,
  says: {
    away: 'the store is away; the origin answers until it is back',
    usable: 'the store is back and is used again',
  },
  refusal: (words) => new StoreAway(`the store ${words}`),
};

/** The generation of a tag is kept at least this long after it was last used, and twice as long as what is stored under it. */
const GENERATION_KEPT_MS = 60 * 60 * 1000;
/**
 * The generation of an entry's own key is kept this long while the entry is loaded, and then twice as long as the entry:
 * clients choose keys, and those that name nothing must be gone as soon as their negative entry is.
 */
const LOADING_KEPT_MS = 5_000;
/** Larger fills count as several: what is sent at once must go through a network within one time-out. */
const SMALL_FILL_BYTES = 1000;
/** The epoch is used by every read; it must only not be immortal. */
const EPOCH_KEPT_MS = 90 * 24 * 60 * 60 * 1000;

/**
 * Entries in Redis 6.2 or later (or Valkey), shared by all processes. A read is one MGET of entries and generations,
 * compared in the process; scripts are for what writes. The store makes connections of its own, like the given one
 * but hardened, when the cache starts; the given client is not used otherwise, and stays its owner's to close.
 * @throws CacheError for a client or options that cannot be.
 */
export function redisStore(redis: Redis, options: RedisStoreOptions = {}): Store {
  const settings = checkedSettings(redis, options);
  const link = new ServerConnection(redis, settings, PURPOSE);
  const nextNonce = createNonces();
  const watchers: ((key: string) => void)[] = [];
  const oversized = new OversizedEntries();
  let names = redisNames(settings.prefix, 'none');
  const read = (addresses: readonly EntryAddress[]): Promise<readonly Reading[]> =>
    link
      .run((commands) => readEntries(commands, names, addresses))
      .catch((error: unknown) => {
        oversized.suspect(
          error,
          addresses.map(({ key, row }) => names.entry(key, row)),
        );
        throw error;
      });
  const sendFills = (part: readonly Fill[]): Promise<readonly FillOutcome[]> =>
    link.run(async (commands) => {
      const calls = part.map(({ key, row = key, bytes, generations, keepForMs, token }) => ({
        keys: [names.entry(key, row), names.generation(row), names.lease(key, row)],
        args: [
          ...[generations[0] ?? '', bytes, wholeMs(keepForMs), token ?? '', names.channel, key],
          wholeMs(keepForMs * 2),
        ],
      }));
      const replies = await runScript(commands, scripts.fill, calls);
      return replies.map((reply): FillOutcome => (reply === 1 ? 'stored' : 'outdated'));
    });
  const fills = new InTurn(sendFills, ({ bytes }) => 1 + Math.floor(bytes.length / SMALL_FILL_BYTES));

  return {
    name: 'redis',
    isLocal: false,
    sharedAs: sharedName(redis.options, settings.prefix),
    isAway: () => link.state === 'away',
    open: ({ digest, log, onForgotten, caughtUp }: OpenOptions) => {
      names = redisNames(settings.prefix, digest);
      return link.open({
        log,
        channel: {
          name: names.channel,
          onMessage: (key) => {
            for (const onSettled of watchers) onSettled(key);
          },
        },
        tryOut: (commands) => tryOut(commands, names),
        rejoin: async (ask, { run }, mustForget) => {
          await ask((commands) => oversized.remove(commands));
          // A server that was restarted or replaced may have lost invalidations that it had acknowledged.
          const isSame = await ask((commands) => knowsRun(commands, names, run));
          const has = isSame ? await caughtUp() : 'no';
          if (has === 'yes' || (has === 'unknown' && !mustForget)) return;
          await ask((commands) => forgetAll(commands, names, run));
          onForgotten();
        },
      });
    },
    watch: (onSettled) => void watchers.push(onSettled),
    close: () => link.close(),

    read: (addresses) => readInParts(addresses, read),
    acquire: (all) =>
      inParts(all, (requests) => link.run((commands) => acquire(commands, { names, nextNonce, requests }))),
    fill: (all) => inParts(all, (part) => fills.ask(part)),
    release: async (all) => {
      await inParts(all, (leases) =>
        link.run((commands) => {
          const calls = leases.map(({ key, row, token }) => ({
            keys: [names.lease(key, row)],
            args: [token, names.channel, key],
          }));
          return runScript(commands, scripts.release, calls);
        }),
      );
    },
    renew: (all) =>
      inParts(all, (leases) =>
        link.run(async (commands) => {
          const calls = leases.map(({ key, row = key, token, leaseMs }) => ({
            keys: [names.lease(key, row), names.generation(row)],
            args: [token, wholeMs(leaseMs), loadingKeptMs(leaseMs)],
          }));
          return (await runScript(commands, scripts.renew, calls)).map((reply) => reply === 1);
        }),
      ),
    forget: () =>
      link.runOrForget(async (commands) => {
        await commands.del(names.epoch);
        await announce(commands, names.log, 'all');
      }),
    readLog: (after) => link.run((commands) => readLog(commands, names.log, after)),
    countAsked: (field, asked) => link.run((commands) => countAsked(commands, names, { field, asked })),
    mostAsked: (field, atMost) => link.run((commands) => mostAsked(commands, names, { field, atMost })),
    confirm: () =>
      link.run(async (commands) => void (await commands.get(names.epoch).catch(nothingForWrongType))),
    intend: (all) =>
      inParts(all, (requests) => link.run((commands) => intend(commands, { names, nextNonce, requests }))),
    put: (all) =>
      inParts(all, (puts) =>
        link.run(async (commands) => {
          const calls = puts.map(({ key, row = key, token, version, generation, bytes, keepForMs }) => ({
            keys: [names.entry(key, row), names.generation(row), names.lease(key, row), names.writes(row)],
            args: [
              ...[token, version, generation, bytes],
              ...[wholeMs(keepForMs), generationKeptMs(keepForMs), names.channel, key],
            ],
          }));
          const replies = await runScript(commands, scripts.put, calls);
          return replies.map((reply): PutOutcome => (reply === 1 ? 'stored' : 'refused'));
        }),
      ),
    abandon: async (all) => {
      await inParts(all, (announced) =>
        link.run((commands) => {
          const calls = announced.map(({ key, row = key, token }) => ({
            keys: [names.writes(row)],
            args: [token],
          }));
          return runScript(commands, scripts.abandon, calls);
        }),
      );
    },
    invalidate: async (all, versions) => {
      await inParts(all, (tags) =>
        link.runOrForget(async (commands) => {
          const calls = tags.map((tag) => ({
            keys: [names.generation(tag), names.entry(tag), names.lease(tag), names.writes(tag)],
            args: [names.channel, tag, versions?.get(tag) ?? ''],
          }));
          const replies = await runScript(commands, scripts.invalidate, calls);
          // Not before: a process that drops a copy must not find the old entry again.
          await announce(commands, names.log, tags);
          return replies;
        }),
      );
    },
  };
}

/** Whether this is the run of the server that entries were last stored in, as far as the server knows. */
async function knowsRun(redis: Redis, names: RedisNames, run: string): Promise<boolean> {
  // What is of another type was not written by us: it is replaced when all is forgotten.
  if ((await redis.get(names.run).catch(nothingForWrongType)) !== run) return false;
  // A server that only answers, and takes no invalidation, is not back. A full one may take this.
  await redis.pexpire(names.run, EPOCH_KEPT_MS);
  return true;
}

/** Sees to it that nothing that was stored so far, or in another run, is ever served. */
async function forgetAll(redis: Redis, names: RedisNames, run: string): Promise<void> {
  // In this order: who stops in between leaves it to the next.
  await redis.del(names.epoch);
  await announce(redis, names.log, 'all');
  await redis.set(names.run, run, 'PX', EPOCH_KEPT_MS);
}

interface Asking<Request> {
  readonly names: RedisNames;
  readonly nextNonce: () => string;
  readonly requests: readonly Request[];
}

/**
 * First the generations of the tags and the epoch, since a lease is given under those of the tags; then, in one go
 * for each key, its own generation, its lease and the entry that is there now. Without tags both go together.
 */
async function acquire(redis: Redis, acquiring: Asking<LeaseRequest>): Promise<readonly Acquired[]> {
  const { names, nextNonce, requests } = acquiring;
  const sharing = sharedGenerations(redis, acquiring);
  const isTagged = requests.some(({ tags }) => tags.length > 0);
  const before: Generations = isTagged ? await sharing : () => '';
  const calls = requests.map(({ key, row = key, tags, token, leaseMs }): ScriptCall => ({
    keys: [names.generation(row), names.lease(key, row), names.entry(key, row)],
    args: [nextNonce(), loadingKeptMs(leaseMs), token, wholeMs(leaseMs), tags.map(before).join(' ')],
  }));
  const [shared, replies] = await Promise.all([sharing, runScript(redis, scripts.acquire, calls)]);
  return replies.map((reply, index): Acquired => {
    const [own, leased, entry]: unknown[] = Array.isArray(reply) ? reply : [];
    const tags = requests[index]?.tags ?? [];
    return {
      generations: [textOf(own), ...tags.map(shared), shared(undefined)],
      leased: leased === 1,
      bytes: bytesOrNothing(entry),
    };
  });
}

/** Announces writes; what their entries will depend on besides their own generation is read before any of them begins. */
async function intend(redis: Redis, asking: Asking<Intention>): Promise<readonly Intended[]> {
  const { names, requests } = asking;
  const calls = requests.map(({ key, row = key, nonce, endsWithinMs, onlyHot }): ScriptCall => ({
    keys: [names.writes(row), names.entry(key, row)],
    args: [nonce, wholeMs(endsWithinMs), onlyHot ? 1 : 0],
  }));
  const [shared, replies] = await Promise.all([
    sharedGenerations(redis, asking),
    runScript(redis, scripts.intend, calls),
  ]);
  return requests.map(({ tags }, index) => ({
    token: bytesOrNothing(replies[index])?.toString('latin1'),
    generations: [...tags.map(shared), shared(undefined)],
  }));
}

/** The present generation of a tag; of the epoch for undefined. */
type Generations = (tag: string | undefined) => string;

/** The generations of all tags of these requests and of the epoch, created where missing. */
async function sharedGenerations(
  redis: Redis,
  { names, nextNonce, requests }: Asking<Pick<LeaseRequest, 'tags' | 'keepForMs'>>,
): Promise<Generations> {
  const keptMs = new Map<string | undefined, number>([[undefined, EPOCH_KEPT_MS]]);
  for (const { tags, keepForMs } of requests) {
    for (const tag of tags) keptMs.set(tag, Math.max(keptMs.get(tag) ?? 0, generationKeptMs(keepForMs)));
  }
  const calls = Array.from(keptMs, ([tag, ms]): ScriptCall => ({
    keys: [tag === undefined ? names.epoch : names.generation(tag)],
    args: [nextNonce(), ms],
  }));
  const replies = await runScript(redis, scripts.acquire, calls);
  const generations = new Map(
    Array.from(keptMs.keys(), (tag, index) => {
      const reply = replies[index];
      return [tag, textOf(Array.isArray(reply) ? reply[0] : undefined)];
    }),
  );
  return (tag) => generations.get(tag) ?? '';
}

function generationKeptMs(keepForMs: number): number {
  return wholeMs(Math.max(GENERATION_KEPT_MS, keepForMs * 2));
}

/** A lease counts only under the generation it was given under. */
function loadingKeptMs(leaseMs: number): number {
  return wholeMs(Math.max(LOADING_KEPT_MS, leaseMs * 3));
}

function wholeMs(ms: number): number {
  return Math.max(1, Math.round(ms));
}

function checkedSettings(redis: Redis, options: RedisStoreOptions): Required<RedisStoreOptions> {
  const { prefix = 'corral', commandTimeoutMs = 100, connectTimeoutMs = 500 } = options;
  const faults = [...clientFaults(redis), ...unknownOptions(options, redisStoreOptions)];
  if (!/^[A-Za-z0-9_.-]+$/.test(prefix)) {
    faults.push(`prefix must be letters, digits and _ . -, but got ${JSON.stringify(prefix)}`);
  }
  for (const [name, ms] of Object.entries({ commandTimeoutMs, connectTimeoutMs })) {
    faults.push(...timerFaults(name, ms));
  }
  refuseFaults('redisStore', faults);
  return { prefix, commandTimeoutMs, connectTimeoutMs };
}

function nothingForWrongType(error: unknown): undefined {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined;
  throw error;
}

/** The same for all processes that share a server, a database and a prefix. */
function sharedName({ host = 'localhost', port = 6379, db = 0 }: Redis['options'], prefix: string): string {
  // Two machines may each have a Redis of their own under this name.
  const where = LOOPBACK.test(host) ? `${hostname()} ${host}` : host;
  return `redis ${where}:${port}/${db} ${prefix}`;
}

const LOOPBACK = /^(localhost|127\.|::1|\[::1\])/;
