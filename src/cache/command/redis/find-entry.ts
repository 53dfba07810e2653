import type { Redis } from 'ioredis';
import { decodeEntry, type Entry } from '../../codec/entry.js';
import { shortenKey } from '../../keys/shorten-key.js';
import type { PendingWrite } from '../../journal/journal.js';
import { shardIndex, shardNames, SHARDS } from '../../redis/journal/journal-names.js';
import { readWrite } from '../../redis/journal/written-forms.js';
import { redisNames, type RedisNames } from '../../redis/redis-names.js';
import { CommandFault } from '../command-fault.js';

/** An entry, as one version of the schema has stored it. */
export interface FoundEntry {
  readonly digest: string;
  readonly row: string;
  readonly bytes: number;
  /** Milliseconds until Redis drops it. */
  readonly keptForMs: number;
  /** Undefined for bytes that this version cannot read. */
  readonly entry: Entry | undefined;
  /** The generations now, of its row and of everything. */
  readonly present: readonly (string | undefined)[];
  /** True while a process loads it. */
  readonly isLoading: boolean;
}

const LARGEST_BYTES = 512 * 1024 * 1024;

/**
 * Looks for the entry of a key under the schemas of all processes that listen, and without any, under that of an entry that is
 * there. The digests of schemas are not kept in a list: they are parts of the channels on which processes listen.
 */
export async function findEntries(
  client: Redis,
  prefix: string,
  key: string,
): Promise<readonly FoundEntry[]> {
  const digests = await digestsOf(client, prefix);
  const found = await Promise.all(
    digests.flatMap((digest) =>
      placesOf(shortenKey(key)).map((place) =>
        read(client, { names: redisNames(prefix, digest), digest, ...place }),
      ),
    ),
  );
  return found.filter((one) => one !== undefined);
}

interface Place {
  readonly key: string;
  readonly row: string;
}

/** A variant is its row, a bar and what it varies by: each beginning before a bar may be the row. */
function placesOf(key: string): readonly Place[] {
  const bars = Array.from(key.matchAll(/\|/g), ({ index }) => index);
  return [key.length, ...bars].map((end) => ({ key, row: key.slice(0, end) }));
}

async function read(
  client: Redis,
  { names, digest, key, row }: Place & { readonly names: RedisNames; readonly digest: string },
): Promise<FoundEntry | undefined> {
  const name = names.entry(key, row);
  const stored = await client.getBuffer(name);
  if (stored === null) return undefined;
  const [keptForMs, own, epoch, lease] = await Promise.all([
    client.pttl(name),
    client.get(names.generation(row)),
    client.get(names.epoch),
    client.exists(names.lease(key, row)),
  ]);
  const entry = decodeEntry(stored, key, LARGEST_BYTES);
  const present = [own ?? undefined, epoch ?? undefined];
  return { digest, row, bytes: stored.length, keptForMs, entry, present, isLoading: lease === 1 };
}

async function digestsOf(client: Redis, prefix: string): Promise<readonly string[]> {
  const pattern = `${prefix.replaceAll(/[[\]*?\\]/g, '\\$&')}:*:wake`;
  const channels = await client.pubsub('CHANNELS', pattern).catch((error: unknown) => {
    throw new CommandFault(
      `Redis does not tell the schemas in use: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const digests = channels
    .map((channel) => String(channel).split(':').at(-2) ?? '')
    .filter((digest) => digest !== 'none');
  return digests.length > 0 ? [...new Set(digests)].sort() : digestsOfEntries(client, prefix);
}

/** What of a key was accepted and is not in the database yet. */
export async function pendingWrite(
  client: Redis,
  prefix: string,
  key: string,
): Promise<PendingWrite | undefined> {
  const { pending } = shardNames(prefix, shardIndex(key, SHARDS));
  return readWrite(key, await client.hgetBuffer(pending, key));
}

/** Looks at names until it has found an entry, which is mostly at once. */
async function digestsOfEntries(client: Redis, prefix: string): Promise<readonly string[]> {
  let cursor = '0';
  do {
    const [next, names] = await client.scan(cursor, 'MATCH', `${prefix}:*:e:*`, 'COUNT', 1000);
    const [first] = names;
    if (first !== undefined) return [first.split(':')[2] ?? ''];
    cursor = next;
  } while (cursor !== '0');
  return [];
}
