import type { Holding, StoreHealth } from '../../store/store.js';
import { StoreAway } from '../../store/store-away.js';
import { readHealth } from '../store/health.js';
import { sampleHoldings } from '../store/sample-holdings.js';
import type { ClusterNodes } from './cluster-nodes.js';
import type { ClusterNames } from './cluster-names.js';

/** The sums of all nodes that answer; the slowest round trip. @throws Error where none answers. */
export async function clusterHealth(nodes: ClusterNodes): Promise<StoreHealth> {
  const all = await answering(nodes.all.map((node) => readHealth((commands) => node.run(commands))));
  const sumOf = (one: (health: StoreHealth) => number | undefined): number =>
    all.reduce((sum, health) => sum + (one(health) ?? 0), 0);
  const policy = all[0]?.evictionPolicy;
  const isBounded = all.every(({ maxBytes = 0 }) => maxBytes > 0);
  return {
    roundTripMs: Math.max(...all.map(({ roundTripMs = 0 }) => roundTripMs)),
    usedBytes: sumOf(({ usedBytes }) => usedBytes),
    maxBytes: isBounded ? sumOf(({ maxBytes }) => maxBytes) : 0,
    ...(policy === undefined ? {} : { evictionPolicy: policy }),
    evictions: sumOf(({ evictions }) => evictions),
    serverHits: sumOf(({ serverHits }) => serverHits),
    serverMisses: sumOf(({ serverMisses }) => serverMisses),
  };
}

/** What lies in the nodes that answer, by namespace. @throws Error where none answers. */
export async function clusterHoldings(nodes: ClusterNodes, names: ClusterNames): Promise<readonly Holding[]> {
  const all = await answering(nodes.all.map((node) => node.run((redis) => sampleHoldings(redis, names))));
  const sums = new Map<string, Holding>();
  for (const holding of all.flat()) {
    const { of, entries, bytes, withoutExpiry } = holding;
    const sum = sums.get(of) ?? { of, entries: 0, bytes: 0, withoutExpiry: 0, isEstimate: true };
    sums.set(of, {
      ...sum,
      entries: sum.entries + entries,
      bytes: sum.bytes + bytes,
      withoutExpiry: sum.withoutExpiry + withoutExpiry,
    });
  }
  return [...sums.values()];
}

async function answering<Answer>(asked: readonly Promise<Answer>[]): Promise<readonly Answer[]> {
  const settled = await Promise.allSettled(asked);
  const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refusal = settled.find((one) => one.status === 'rejected');
  if (answers.length > 0) return answers;
  throw refusal?.reason ?? new StoreAway('no node of the cluster is known');
}
