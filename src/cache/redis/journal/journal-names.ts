import { SLOTS, textsOfSlots } from '../cluster/slots.js';

/** The keys of one shard of a journal, in one slot. */
export interface ShardNames {
  readonly pending: string;
  readonly due: string;
  readonly clock: string;
  readonly attempts: string;
  readonly dead: string;
}

/** How a journal is divided. */
export interface JournalLayout {
  readonly shards: readonly ShardNames[];
  /** Whether each shard fails alone; otherwise all of them do, and what is said of the first is said of all. */
  readonly failsByShard: boolean;
}

/** Writes of different keys in different places: fewer of them wait for each other. */
const SHARDS = 4;

/** The same for all processes and versions: what one of them has accepted, another one flushes. */
const SHARDS_ON_A_CLUSTER = 16;

/** No schema digest: what was accepted before a deploy is flushed after it. */
export function shardNames(prefix: string, shard: number | string): ShardNames {
  const name = (what: string): string => `${prefix}:j:{${shard}}:${what}`;
  return {
    pending: name('pending'),
    due: name('due'),
    clock: name('clock'),
    attempts: name('attempts'),
    dead: name('dead'),
  };
}

export function layoutOnServer(prefix: string): JournalLayout {
  return {
    shards: Array.from({ length: SHARDS }, (_, index) => shardNames(prefix, index)),
    failsByShard: false,
  };
}

/** The slots of the shards on a cluster: as far apart as they can be, so that nodes which share the slots share the journal. */
export const SLOTS_OF_SHARDS: readonly number[] = Array.from({ length: SHARDS_ON_A_CLUSTER }, (_, shard) =>
  Math.floor(((shard + 0.5) * SLOTS) / SHARDS_ON_A_CLUSTER),
);

/** What lies in this slot, on a cluster. */
export function shardNamesIn(prefix: string, slot: number, more = ''): ShardNames {
  return shardNames(prefix, `${textsOfSlots()[slot] ?? ''}${more}`);
}

export function layoutOnCluster(prefix: string): JournalLayout {
  return { shards: SLOTS_OF_SHARDS.map((slot) => shardNamesIn(prefix, slot)), failsByShard: true };
}

/** The same in every process. FNV-1a, from www.isthe.com/chongo/tech/comp/fnv; it only spreads. */
export function shardIndex(key: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shards;
}
