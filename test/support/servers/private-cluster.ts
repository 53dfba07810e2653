import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../free-port.js';
import type { OwnCertificates } from '../own-certificates.js';
import type { PrivateRedis } from '../private-redis.js';
import { namedRedis, type NamedRedis } from './encrypted-redis.js';

export interface PrivateCluster {
  readonly primaries: readonly PrivateRedis[];
  /** One of each primary, in their order. */
  readonly replicas: readonly PrivateRedis[];
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** As a variable of the API. */
  readonly url: string;
  /** From now on the replica of this primary gets nothing of what the primary is told. */
  cutReplica(index: number): Promise<void>;
  /** One server more: a replica of the primary at this port, which has all that it has. */
  addReplica(port: number): Promise<PrivateRedis>;
  /** Starts one more primary, which owns no slots yet. */
  addNode(): Promise<PrivateRedis>;
  /** Has all others forget a node that owns no slots any more, and ends it. */
  removeNode(node: PrivateRedis): Promise<void>;
  /** Moves slots with their keys from a primary to another one, one after the other. */
  moveSlots(slots: readonly number[], from?: PrivateRedis, to?: PrivateRedis): Promise<void>;
  stop(): Promise<void>;
}

export const PRIMARIES = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 2000;
const SAYS_WITHIN_MS = 20_000;

export interface PrivateClusterOptions {
  readonly settings?: readonly string[];
  /** With these all nodes encrypt, also what they tell each other. */
  readonly certificates?: OwnCertificates;
  /** Whether each primary has a replica; default true. */
  readonly hasReplicas?: boolean;
}

/** What a server of a cluster is started with; by itself it would take the port that is 10,000 higher, which there may not be. */
export async function settingsOfNode(): Promise<readonly string[]> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', `${NODE_TIMEOUT_MS}`];
  // A replica that lags for longer may take over all the same: that is what the tests want to see.
  settings.push('--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0');
  return [...settings, '--cluster-port', `${await freePort()}`];
}

/** Three primaries on loopback that own a third of the slots each, and a replica of each. */
export async function privateCluster({
  settings: more = [],
  certificates,
  hasReplicas = true,
}: PrivateClusterOptions = {}): Promise<PrivateCluster> {
  const settings = certificates === undefined ? more : [...more, '--tls-cluster', 'yes'];
  const start = async (): Promise<NamedRedis> =>
    namedRedis(certificates, ...(await settingsOfNode()), ...settings);
  const nodes = await Promise.all(Array.from({ length: PRIMARIES * (hasReplicas ? 2 : 1) }, start));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  const [primaries, replicas] = [nodes.slice(0, PRIMARIES), nodes.slice(PRIMARIES)];
  try {
    await joinCluster(primaries, replicas);
  } catch (error) {
    await stop();
    throw error;
  }
  const addBy = async (port = 0): Promise<NamedRedis> => {
    const node = await start();
    nodes.push(node);
    await told(port, 'CLUSTER', 'MEET', '127.0.0.1', node.port, await busPort(node.port));
    return node;
  };
  return {
    ...{ primaries, replicas, stop },
    addresses: primaries.map(({ namedPort }) => ({ host: '127.0.0.1', port: namedPort })),
    url: `${certificates === undefined ? 'redis' : 'rediss'}://127.0.0.1:${primaries[0]?.namedPort}?cluster=true`,
    addReplica: async (port) => {
      const added = await addBy(port);
      await says(added.port, 'OK', 'CLUSTER', 'REPLICATE', await told(port, 'CLUSTER', 'MYID'));
      await says(added.port, 'master_link_status:up', 'INFO', 'replication');
      return added;
    },
    cutReplica: async (index) => {
      // The primary takes no password, so that it refuses one; it is tried once in a second.
      await told(replicas[index]?.port ?? 0, 'CONFIG', 'SET', 'masterauth', 'none');
      await told(primaries[index]?.port ?? 0, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await says(replicas[index]?.port ?? 0, 'master_link_status:down', 'INFO', 'replication');
    },
    addNode: async () => {
      const node = await addBy(primaries[0]?.port);
      for (const { port } of nodes)
        await says(port, `cluster_known_nodes:${nodes.length}`, 'CLUSTER', 'INFO');
      await says(node.port, 'cluster_state:ok', 'CLUSTER', 'INFO');
      return node;
    },
    removeNode: async (node) => {
      const id = await told(node.port, 'CLUSTER', 'MYID');
      nodes.splice(
        nodes.findIndex(({ port }) => port === node.port),
        1,
      );
      for (const { port } of nodes) await told(port, 'CLUSTER', 'FORGET', id);
      await node.stop();
    },
    moveSlots,
  };
}

/** A node that has no slot left becomes a replica as soon as it hears of that, and takes no more of this. */
function unlessReplica(error: unknown): void {
  if (!String(error).includes('SETSLOT only with masters')) throw error;
}

/** As `redis-cli --cluster reshard` does it. */
async function moveSlots(slots: readonly number[], from?: PrivateRedis, to?: PrivateRedis): Promise<void> {
  if (from === undefined || to === undefined) throw new Error('there is no such node');
  const [here, there] = [new Redis(from.port, { protocol: 2 }), new Redis(to.port, { protocol: 2 })];
  try {
    const [hereId, thereId] = await Promise.all([here.cluster('MYID'), there.cluster('MYID')]);
    for (const slot of slots) {
      await there.cluster('SETSLOT', slot, 'IMPORTING', String(hereId));
      await here.cluster('SETSLOT', slot, 'MIGRATING', String(thereId));
      for (;;) {
        const keys = await here.cluster('GETKEYSINSLOT', slot, 100);
        if (keys.length === 0) break;
        await here.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys);
      }
      // The new owner first: otherwise, for a moment, there is none.
      await there.cluster('SETSLOT', slot, 'NODE', String(thereId));
      await here.cluster('SETSLOT', slot, 'NODE', String(thereId)).catch(unlessReplica);
    }
  } finally {
    here.disconnect();
    there.disconnect();
  }
}

type Listening = Pick<PrivateRedis, 'port'>;

/** Makes a cluster of servers that run: each primary gets its share of the slots, and a replica. */
export async function joinCluster(
  primaries: readonly Listening[],
  replicas: readonly Listening[],
): Promise<void> {
  const nodes = [...primaries, ...replicas];
  for (const [index, { port }] of primaries.entries()) {
    const from = Math.floor((SLOTS * index) / PRIMARIES);
    const to = Math.floor((SLOTS * (index + 1)) / PRIMARIES) - 1;
    await told(port, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    await told(
      port,
      'CLUSTER',
      'ADDSLOTS',
      ...Array.from({ length: to + 1 - from }, (_, slot) => from + slot),
    );
  }
  const [first, ...others] = nodes;
  for (const { port } of others)
    await told(first?.port ?? 0, 'CLUSTER', 'MEET', '127.0.0.1', port, await busPort(port));
  for (const { port } of nodes) await says(port, `cluster_known_nodes:${nodes.length}`, 'CLUSTER', 'INFO');
  for (const [index, { port }] of replicas.entries()) {
    const id = await told(primaries[index]?.port ?? 0, 'CLUSTER', 'MYID');
    // It is refused until it has heard of that node.
    await says(port, 'OK', 'CLUSTER', 'REPLICATE', id);
  }
  for (const { port } of nodes) await says(port, 'cluster_state:ok', 'CLUSTER', 'INFO');
  for (const { port } of replicas) await says(port, 'master_link_status:up', 'INFO', 'replication');
}

/** Where the nodes talk to each other. */
async function busPort(port: number): Promise<string> {
  return /:\d+@(\d+)/.exec(await told(port, 'CLUSTER', 'NODES'))?.[1] ?? '';
}

/** Resolves once a server answers with a text in its answer. @throws Error where it does not within twenty seconds. */
async function says(port: number, text: string, ...command: [string, ...string[]]): Promise<void> {
  const untilMs = performance.now() + SAYS_WITHIN_MS;
  for (;;) {
    const answer = await told(port, ...command).catch(String);
    if (answer.includes(text)) return;
    if (performance.now() > untilMs) throw new Error(`${command.join(' ')} of ${port} answers ${answer}`);
    await passes(50);
  }
}

/** Tells a server something on a connection of its own. */
export async function told(port: number, ...command: [string, ...(string | number)[]]): Promise<string> {
  const client = new Redis(port, { protocol: 2 });
  try {
    return String(await client.call(...command));
  } finally {
    client.disconnect();
  }
}
