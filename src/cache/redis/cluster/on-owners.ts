import type { Redis } from 'ioredis';
import { repliesOf, type LuaScript, type ScriptCall } from '../connection/lua-script.js';
import type { ClusterNode } from './cluster-node.js';
import type { ClusterNodes, Outcome, Way } from './cluster-nodes.js';

export interface OnOwners<Item> {
  readonly nodes: ClusterNodes;
  readonly script: LuaScript;
  readonly slotOf: (item: Item) => number;
  /** All keys of a call lie in one slot. */
  readonly callOf: (item: Item, node: ClusterNode) => ScriptCall;
  /** Default `run`. */
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
  { nodes, script, slotOf, callOf, way = 'run' }: OnOwners<Item>,
): Promise<readonly Outcome<OwnersReply>[]> {
  const send = async (redis: Redis, part: readonly Item[], node: ClusterNode) => {
    const { history } = node;
    const replies = await repliesOf(
      redis,
      script,
      part.map((item) => callOf(item, node)),
    );
    return replies.map((reply) =>
      reply instanceof Error ? { error: reply } : { answer: { reply, history } },
    );
  };
  return nodes.spread(items, { slotOf, send, way });
}
