import type { Cluster, Redis } from 'ioredis';
import { optionFaults } from '../connection/client-faults.js';
import type { Address } from './topology.js';

/** Not by its class: a project may have two versions of ioredis. */
export function isCluster(client: Redis | Cluster): client is Cluster {
  // JavaScript may hand over anything.
  const given: unknown = client;
  return typeof given === 'object' && given !== null && Reflect.get(given, 'isCluster') === true;
}

/** What the nodes of a cluster are first looked for at. */
export function startAddresses(cluster: Cluster): readonly Address[] {
  const given: unknown = Reflect.get(cluster, 'startupNodes');
  return (Array.isArray(given) ? given : []).flatMap((one: unknown) => addressIn(one) ?? []);
}

/** What is wrong with a client of a cluster, each as a sentence. */
export function clusterFaults(cluster: Cluster): string[] {
  const { scaleReads, redisOptions, keyPrefix } = cluster.options;
  const ofNodes: Readonly<Record<string, unknown>> = { keyPrefix, ...redisOptions };
  const faults = optionFaults(ofNodes);
  if (ofNodes['path'] !== undefined) {
    faults.push('the client has a path in its redisOptions, but nodes have hosts and ports; leave it out');
  }
  if (scaleReads !== undefined && scaleReads !== 'master') {
    faults.push(
      'the client has scaleReads, but a replica lags behind its primary, so that what it answers may be stale; leave that ' +
        'option out',
    );
  }
  const given: unknown = Reflect.get(cluster, 'startupNodes');
  const isEncrypted = Array.isArray(given) && given.some((one) => /^(rediss|valkeys):/i.test(String(one)));
  if (isEncrypted && redisOptions?.tls === undefined) {
    faults.push(
      'the client has rediss:// in the URL of a node, but encrypts nothing without redisOptions.tls; set that, such as to {}',
    );
  }
  if (startAddresses(cluster).length === 0) {
    faults.push("the client names no node; pass new Cluster([{ host: 'a', port: 6379 }])");
  }
  return faults;
}

/** Makes what the connections to a node are made like, by the address that nodes name it by. That connects to nothing. */
export type TemplateFor = (address: Address) => Redis;

/** ioredis is loaded here and not with this door, which a project without it may read. */
export async function templatesOf(cluster: Cluster): Promise<TemplateFor> {
  const { Redis: Client } = await import('ioredis');
  return (address) =>
    new Client({
      ...{ ...cluster.options.redisOptions, ...seenFromHere(cluster, address) },
      // A node that became a replica must not answer.
      ...{ readOnly: false, db: 0, lazyConnect: true, replyMapping: 'legacy' },
    });
}

/** Where a node is as seen from here: a cluster names it as its nodes see it. */
function seenFromHere({ options: { natMap } }: Cluster, { host, port }: Address): Address {
  const name = `${host}:${port}`;
  const seen: unknown = typeof natMap === 'function' ? natMap(name) : natMap?.[name];
  return addressIn(seen) ?? { host, port };
}

function addressIn(given: unknown): Address | undefined {
  if (typeof given === 'number') return { host: '127.0.0.1', port: given };
  if (typeof given === 'string') {
    const text = given.includes('://') ? given : `redis://${given}`;
    if (!URL.canParse(text)) return undefined;
    const { hostname, port } = new URL(text);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port: Number(port || 6379) };
  }
  if (typeof given !== 'object' || given === null) return undefined;
  const host: unknown = Reflect.get(given, 'host');
  const port: unknown = Reflect.get(given, 'port');
  const isWithout = host === undefined && port === undefined;
  if (isWithout) return undefined;
  return { host: typeof host === 'string' ? host : '127.0.0.1', port: Number(port ?? 6379) };
}
