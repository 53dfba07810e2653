import type { Cluster, Redis } from 'ioredis';
import { redisStore } from '../../redis/store/redis-store.js';
import { redisJournal } from '../../redis/journal/redis-journal.js';
import type { Journal } from '../../journal/journal.js';
import type { CacheLog } from '../../log.js';
import type { Store } from '../../store/store.js';
import { CommandFault } from '../command-fault.js';
import type { Surroundings } from '../surroundings.js';
import { patient, type RedisFlags } from './client.js';

/** Opens the store as a process without a schema does, and closes it after the work. */
export async function withStore<Result>(
  client: Redis | Cluster,
  { prefix }: RedisFlags,
  { work, surroundings }: { work: (store: Store) => Promise<Result>; surroundings: Surroundings },
): Promise<Result> {
  const store = redisStore(client, { prefix, ...patient });
  const log = logOf(surroundings);
  try {
    await store.open?.({
      digest: 'none',
      log,
      onForgotten: () => undefined,
      // It keeps nothing that could be behind.
      caughtUp: () => Promise.resolve('yes'),
    });
    if (store.isAway?.() === true) throw new CommandFault('Redis does not answer; nothing was done.');
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The same for the journal. Nothing is flushed by it. */
export async function withJournal<Result>(
  client: Redis | Cluster,
  { prefix }: RedisFlags,
  { work, surroundings }: { work: (journal: Journal) => Promise<Result>; surroundings: Surroundings },
): Promise<Result> {
  const journal = redisJournal(client, { prefix, ...patient });
  try {
    await journal.open?.({ log: logOf(surroundings) });
    if (journal.isAway()) throw new CommandFault('Redis does not answer; nothing was done.');
    return await work(journal);
  } finally {
    await journal.close();
  }
}

function logOf({ err }: Surroundings): CacheLog {
  return { warn: (_, message) => err(message), error: (_, message) => err(message) };
}
