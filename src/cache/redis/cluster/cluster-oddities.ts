import type { ClusterNode } from './cluster-node.js';
import { SLOTS } from './slots.js';

/** How many slots have no owner, and what that means for what uses the cluster. */
export interface Uncovered {
  readonly slots: number;
  readonly says: string;
}

/** What a cluster is used in spite of, each as a sentence with what to do. */
export function odditiesOf(uncovered: Uncovered, nodes: readonly ClusterNode[]): string[] {
  const versions = [...new Set(nodes.flatMap(({ version }) => version ?? []))].sort();
  const oddities: string[] = [];
  if (uncovered.slots > 0) {
    oddities.push(
      `no node owns ${uncovered.slots} of the ${SLOTS} slots: ${uncovered.says}; give the slots to a node, such as by ` +
        '`redis-cli --cluster fix`',
    );
  }
  if (versions.length > 1) {
    oddities.push(
      `its nodes run different versions (${versions.join(', ')}), which is meant for the time of an upgrade; have all run one`,
    );
  }
  return oddities;
}
