import type { Cluster, Redis } from 'ioredis';
import type { Journal } from '../../journal/journal.js';
import { MAX_PENDING } from '../../journal/journal.js';
import { tooLongFaults } from '../../time/timer-limit.js';
import { refuseFaults, unknownOptions } from '../../unknown-options.js';
import { clusterFaults, isCluster } from '../cluster/cluster-client.js';
import { clientFaults } from '../connection/client-faults.js';
import { redisNames } from '../redis-names.js';
import { DURABILITIES, type Declared, type Durability } from './durability.js';
import { layoutOnCluster, layoutOnServer, shardNames, shardNamesIn } from './journal-names.js';
import { journalOnCluster } from './journal-on-cluster.js';
import { journalOnServer } from './journal-on-server.js';
import { shardedJournal } from './sharded-journal.js';
import { tryOutJournal } from './try-out.js';

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

/**
 * A journal in Redis, on one server or on a Redis Cluster, which all processes share: whichever is there flushes. It makes
 * connections of its own, like the given client but hardened, when the cache starts; the given client stays its owner's to close.
 * @throws CacheError for a client or options that cannot be.
 */
export function redisJournal(redis: Redis | Cluster, options: RedisJournalOptions = {}): Journal {
  const settings = checkedSettings(redis, options);
  const { prefix, storePrefix } = settings;
  if (isCluster(redis)) {
    return shardedJournal({
      ...settings,
      generationOf: undefined,
      layout: layoutOnCluster(prefix),
      placeFor: () =>
        journalOnCluster(redis, {
          ...settings,
          tryOut: (client, { hasWaitAof }, slot) =>
            tryOutJournal(client, {
              ...{ ...settings, hasWaitAof, generationOf: undefined },
              namesFor: (name) => shardNamesIn(prefix, slot, `}${name}`),
            }),
        }),
    });
  }
  const generationOf = storePrefix === undefined ? undefined : redisNames(storePrefix, 'none').generation;
  return shardedJournal({
    ...{ ...settings, generationOf },
    layout: layoutOnServer(prefix),
    placeFor: () =>
      journalOnServer(redis, {
        ...settings,
        tryOut: (client, { hasWaitAof }) =>
          tryOutJournal(client, {
            ...{ ...settings, hasWaitAof, generationOf },
            namesFor: (name) => shardNames(prefix, name),
          }),
      }),
  });
}

type Settings = Required<Omit<RedisJournalOptions, 'storePrefix'>> &
  Pick<RedisJournalOptions, 'storePrefix'> &
  Declared;

function checkedSettings(redis: Redis | Cluster, options: RedisJournalOptions): Settings {
  const { prefix = 'corral', durability = 'memory', replicas = 0, storePrefix } = options;
  const { maxPending = MAX_PENDING, commandTimeoutMs = 1000 } = options;
  const faults = isCluster(redis) ? clusterFaults(redis) : clientFaults(redis);
  faults.push(...unknownOptions(options, redisJournalOptions));
  if (isCluster(redis) && storePrefix !== undefined) {
    faults.push(
      'storePrefix needs a single server: on a Cluster an entry and its journal lie in different slots; leave it out',
    );
  }
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
