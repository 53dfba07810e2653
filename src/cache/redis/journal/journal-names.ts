/** The keys of one shard of a journal, in one slot. */
export interface ShardNames {
  readonly pending: string;
  readonly due: string;
  readonly clock: string;
  readonly attempts: string;
  readonly dead: string;
}

/** Writes of different keys in different places: fewer of them wait for each other. */
export const SHARDS = 4;

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

/** The same in every process. FNV-1a, from www.isthe.com/chongo/tech/comp/fnv; it only spreads. */
export function shardIndex(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SHARDS;
}
