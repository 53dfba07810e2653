import type { Cluster, Redis } from 'ioredis';
import { decodeEntry, type Entry } from '../../codec/entry.js';
import { shortenKey } from '../../keys/shorten-key.js';
import type { PendingWrite } from '../../journal/journal.js';
import { isCluster } from '../../redis/cluster/cluster-client.js';
import { clusterNames } from '../../redis/cluster/cluster-names.js';
import { historyMark, SlotMarks } from '../../redis/cluster/slot-marks.js';
import { readInfo } from '../../redis/connection/server-info.js';
import { layoutOnCluster, layoutOnServer, shardIndex } from '../../redis/journal/journal-names.js';
import { readWrite } from '../../redis/journal/written-forms.js';
import { redisNames, type RedisNames } from '../../redis/redis-names.js';
import { CommandFault } from '../command-fault.js';
import { asPattern } from './used-prefix.js';

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
  client: Redis | Cluster,
  prefix: string,
  key: string,
): Promise<readonly FoundEntry[]> {
  const keeping = isCluster(client) ? onCluster(client, prefix) : onServer(client, prefix);
  const digests = await digestsOf(keeping.servers, prefix);
  const found = await Promise.all(
    digests.flatMap((digest) =>
      placesOf(shortenKey(key)).map((place) => read(client, { keeping, digest, ...place })),
    ),
  );
  return found.filter((one) => one !== undefined);
}

/** How the entries of a prefix are kept. */
interface Keeping {
  readonly servers: readonly Redis[];
  readonly namesOf: (digest: string) => Pick<RedisNames, 'entry' | 'generation' | 'lease'>;
  /** What ends everything, as it is now for this row and an entry of it. */
  readonly ofAll: (row: string, entry: Entry) => Promise<string | undefined>;
}

function onServer(client: Redis, prefix: string): Keeping {
  return {
    servers: [client],
    namesOf: (digest) => redisNames(prefix, digest),
    ofAll: async () => (await client.get(redisNames(prefix, 'none').epoch)) ?? undefined,
  };
}

/** Of an entry with tags the mark is made with the slots of those, which only its process knows: there the key's own generation counts. */
function onCluster(client: Cluster, prefix: string): Keeping {
  const names = clusterNames(prefix, 'none');
  const servers = client.nodes('master');
  return {
    servers,
    namesOf: (digest) => clusterNames(prefix, digest),
    ofAll: async (row, { generations }) => {
      const stored = generations.at(-1);
      if (generations.length > 2) return stored;
      const slot = names.slotOf(row);
      const [epoch, ...infos] = await Promise.all([
        client.get(names.epochOf(slot)),
        ...servers.map((server) => server.info()),
      ]);
      if (epoch === null) return undefined;
      const marks = infos.flatMap((info) => {
        const server = readInfo(info);
        return server === undefined ? [] : [new SlotMarks().of(slot, historyMark(server), epoch)];
      });
      return marks.find((mark) => mark === stored) ?? marks[0];
    },
  };
}

interface Place {
  readonly key: string;
  readonly row: string;
}

function placesOf(key: string): readonly Place[] {
  return [key, ...possibleRows(key)].map((row) => ({ key, row }));
}

/** A variant is its row, a bar and what it varies by: each beginning before a bar may be the row. */
function possibleRows(key: string): readonly string[] {
  return Array.from(key.matchAll(/\|/g), ({ index }) => key.slice(0, index));
}

async function read(
  client: Redis | Cluster,
  { keeping, digest, key, row }: Place & { readonly keeping: Keeping; readonly digest: string },
): Promise<FoundEntry | undefined> {
  const names = keeping.namesOf(digest);
  const name = names.entry(key, row);
  const stored = await client.getBuffer(name);
  if (stored === null) return undefined;
  const entry = decodeEntry(stored, key, LARGEST_BYTES);
  const [keptForMs, own, ofAll, lease] = await Promise.all([
    client.pttl(name),
    client.get(names.generation(row)),
    entry && keeping.ofAll(row, entry),
    client.exists(names.lease(key, row)),
  ]);
  const present = [own ?? undefined, ofAll];
  return { digest, row, bytes: stored.length, keptForMs, entry, present, isLoading: lease === 1 };
}

async function digestsOf(servers: readonly Redis[], prefix: string): Promise<readonly string[]> {
  const pattern = `${asPattern(prefix)}:*:wake*`;
  const asked = await Promise.allSettled(servers.map(async (server) => server.pubsub('CHANNELS', pattern)));
  const channels = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  // Processes listen at every node of a cluster: one that answers is enough.
  const [first] = asked;
  if (channels.length === 0 && first?.status === 'rejected') {
    const reason: unknown = first.reason;
    throw new CommandFault(
      `Redis does not tell the schemas in use: ${reason instanceof Error ? reason.message : String(reason)}`,
    );
  }
  // Behind the prefix stand the version of the format and the digest.
  const digests = channels
    .flat()
    .map((channel) => String(channel).slice(prefix.length).split(':')[2] ?? '')
    .filter((digest) => digest !== 'none');
  if (digests.length > 0) return [...new Set(digests)].sort();
  const seen = await Promise.all(servers.map((server) => digestOfEntries(server, prefix)));
  return [...new Set(seen.filter((digest) => digest !== undefined))];
}

/** What of a key was accepted and is not in the database yet. */
export async function pendingWrite(
  client: Redis | Cluster,
  prefix: string,
  key: string,
): Promise<PendingWrite | undefined> {
  const { shards } = isCluster(client) ? layoutOnCluster(prefix) : layoutOnServer(prefix);
  const { pending } = shards[shardIndex(key, shards.length)] ?? {};
  if (pending === undefined) return undefined;
  return readWrite(key, await client.hgetBuffer(pending, key));
}

/** Looks at names until it has found an entry, which is mostly at once. */
async function digestOfEntries(server: Redis, prefix: string): Promise<string | undefined> {
  let cursor = '0';
  do {
    const [next, names] = await server.scan(cursor, 'MATCH', `${asPattern(prefix)}:*:e:*`, 'COUNT', 1000);
    const [first] = names;
    if (first !== undefined) return first.slice(prefix.length).split(':')[2];
    cursor = next;
  } while (cursor !== '0');
  return undefined;
}
