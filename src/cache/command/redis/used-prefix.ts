import type { Cluster, Redis } from 'ioredis';
import { isCluster } from '../../redis/cluster/cluster-client.js';
import { redisNames } from '../../redis/redis-names.js';

/** A prefix as it stands in patterns of Redis. */
export function asPattern(prefix: string): string {
  return prefix.replaceAll(/[[\]*?\\]/g, '\\$&');
}

/** True where a process has ever opened its store, or anything is there, under the prefix. */
export async function isUsedPrefix(client: Redis | Cluster, prefix: string): Promise<boolean> {
  if (!isCluster(client) && (await client.exists(redisNames(prefix, 'none').epoch)) === 1) return true;
  const servers = isCluster(client) ? client.nodes('master') : [client];
  for (const server of servers) if (await hasNames(server, `${asPattern(prefix)}:*`)) return true;
  return false;
}

/** False where no entry can count there: all depend on the epoch, and the journal may have a Redis of its own. */
export async function hasEntries(client: Redis | Cluster, prefix: string): Promise<boolean> {
  return isCluster(client) || (await client.exists(redisNames(prefix, 'none').epoch)) === 1;
}

async function hasNames(server: Redis, pattern: string): Promise<boolean> {
  let cursor = '0';
  do {
    const [next, names] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
    if (names.length > 0) return true;
    cursor = next;
  } while (cursor !== '0');
  return false;
}
