import { repliesOf, type LuaScript, type ScriptCall } from '../connection/lua-script.js';
import type { ClusterNode } from './cluster-node.js';
import type { ClusterNodes, Outcome } from './cluster-nodes.js';

export type Way = 'spread' | 'spreadUnlessLate' | 'spreadWhileRejoining';

export interface OnOwners<Item> {
  readonly nodes: ClusterNodes;
  readonly script: LuaScript;
  readonly slotOf: (item: Item) => number;
  /** All keys of a call lie in one slot. */
  readonly callOf: (item: Item, node: ClusterNode) => ScriptCall;
  /** Default `spread`. */
  readonly way?: Way;
}

export interface OwnersReply {
  readonly reply: unknown;
  /** Of the node, as it was when the script was sent. */
  readonly history: string;
}

/** Runs a script for each item on the owner of its slot, all of a node in one write. An outcome for each, in their order. */
export function onOwners<Item>(
  items: readonly Item[],
  { nodes, script, slotOf, callOf, way = 'spread' }: OnOwners<Item>,
): Promise<readonly Outcome<OwnersReply>[]> {
  return nodes[way](items, slotOf, async (redis, part, node) => {
    const { history } = node;
    const replies = await repliesOf(
      redis,
      script,
      part.map((item) => callOf(item, node)),
    );
    return replies.map((reply) =>
      reply instanceof Error ? { error: reply } : { answer: { reply, history } },
    );
  });
}
