import { Cluster, Redis, type ClusterOptions } from 'ioredis';

/**
 * A client of the server or the cluster that a URL names, which connects once it is asked. `natMap`: where the nodes of a
 * cluster are found in the place of their own addresses.
 */
export function redisClient(url: string, options: Pick<ClusterOptions, 'natMap'> = {}): Redis | Cluster {
  const { hostname, port, searchParams } = new URL(url);
  if (searchParams.get('cluster') !== 'true') return new Redis(url, { lazyConnect: true });
  return new Cluster([{ host: hostname, port: Number(port) }], { lazyConnect: true, ...options });
}

/** A client of the one server, or of each primary: what is about all keys is told to every one of them. */
export async function everyServer(client: Redis | Cluster): Promise<readonly Redis[]> {
  if (client instanceof Redis) return [client];
  // Before its first answer it knows no nodes.
  await client.ping();
  return client.nodes('master');
}

export async function keysOf(client: Redis | Cluster, pattern: string): Promise<readonly string[]> {
  const servers = await everyServer(client);
  return (await Promise.all(servers.map((server) => server.keys(pattern)))).flat();
}

export async function flushAll(client: Redis | Cluster): Promise<void> {
  for (const server of await everyServer(client)) await server.flushall();
}
