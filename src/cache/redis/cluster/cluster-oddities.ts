import type { ClusterNode } from './cluster-node.js';
import { SLOTS } from './slots.js';

/** What a cluster is used in spite of, each as a sentence with what to do. */
export function odditiesOf(uncovered: number, nodes: readonly ClusterNode[]): string[] {
  const versions = [...new Set(nodes.flatMap(({ version }) => version ?? []))].sort();
  const oddities: string[] = [];
  if (uncovered > 0) {
    oddities.push(
      `no node owns ${uncovered} of the ${SLOTS} slots, so that what lies there is always loaded from the origin; give ` +
        'them to a node, such as by `redis-cli --cluster fix`',
    );
  }
  if (versions.length > 1) {
    oddities.push(
      `its nodes run different versions (${versions.join(', ')}), which is meant for the time of an upgrade; have all run one`,
    );
  }
  return oddities;
}
