import type { Cluster, Redis } from 'ioredis';
import { systemClock } from '../../time/clock.js';
import type { ClusterNode } from '../cluster/cluster-node.js';
import { ClusterNodes, settled } from '../cluster/cluster-nodes.js';
import { redirectOf } from '../cluster/redirect.js';
import type { Purpose } from '../connection/purpose.js';
import type { Actual, Declared } from './durability.js';
import { SLOTS_OF_SHARDS } from './journal-names.js';
import type { JournalPlace, PlaceOptions } from './journal-place.js';
import { CONNECT_TIMEOUT_MS, JOURNAL_PURPOSE } from './journal-purpose.js';
import { KnownServer } from './known-server.js';

export interface JournalOnClusterOptions extends Declared {
  /** Milliseconds of turning event loop after which a command without an answer has failed. */
  readonly commandTimeoutMs: number;
  /** Uses every command of the journal, in a slot that the node owns. @throws Error what the node refused. */
  readonly tryOut: (redis: Redis, actual: Actual, slot: number) => Promise<void>;
}

const PURPOSE: Omit<Purpose, 'hasSlowLane'> = {
  ...JOURNAL_PURPOSE,
  says: {
    away: 'a node of the journal cannot be used; writes that belong there go straight to the database until it can',
    weak: 'the node is given nothing new; writes that belong there go straight to the database',
    usable: 'the node of the journal can be used again',
  },
  refusal: (words) => new Error(`the node of the journal ${words}`),
};

/**
 * A journal on a Redis Cluster: each shard lies in a slot, and is asked for where that is. Every node has to keep what is declared,
 * and is given nothing new while it keeps less; the others go on. Nothing of the journal lies in one place for all.
 */
export function journalOnCluster(cluster: Cluster, options: JournalOnClusterOptions): JournalPlace {
  const { commandTimeoutMs, replicas, tryOut } = options;
  const nodes = new ClusterNodes(cluster, { commandTimeoutMs, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  const servers = new WeakMap<ClusterNode, KnownServer>();
  const histories = new WeakMap<ClusterNode, string>();
  /** Shards whose slot is on its way from one node to another: what is there is split between both. */
  const moving = new Set<number>();
  /** Shards that were told to be away since they have answered last. */
  const away = new Set<number>();
  let onDoubt: PlaceOptions['onDoubt'] = () => undefined;

  const ownerOf = (shard: number): ClusterNode | undefined => nodes.ownerOf(SLOTS_OF_SHARDS[shard] ?? 0);
  const serverOf = (shard: number): KnownServer | undefined => {
    const owner = ownerOf(shard);
    return owner && servers.get(owner);
  };
  const shardsOf = (node: ClusterNode): readonly number[] =>
    SLOTS_OF_SHARDS.flatMap((_, shard) => (ownerOf(shard) === node ? [shard] : []));
  const goesAway = (shard: number): void => {
    if (away.has(shard)) return;
    away.add(shard);
    onDoubt('away', shard);
  };
  const latestUs = (): number =>
    nodes.all.reduce(
      (latest, node) => Math.max(latest, servers.get(node)?.latestUs ?? 0),
      Math.floor(systemClock.nowMs() * 1000),
    );

  async function ask<T>(
    shard: number,
    way: 'run' | 'runSlowly',
    commands: (redis: Redis) => Promise<T>,
  ): Promise<T> {
    const slotOf = (): number => SLOTS_OF_SHARDS[shard] ?? 0;
    const [outcome] = await nodes.spread([shard], {
      ...{ slotOf, way },
      send: async (redis) => [await settled(commands(redis))],
    });
    if (outcome === undefined) throw new Error('the node of the journal did not answer');
    if ('answer' in outcome) {
      moving.delete(shard);
      away.delete(shard);
      return outcome.answer;
    }
    const isBetween = redirectOf(outcome.error) !== undefined;
    if (isBetween) moving.add(shard);
    if (isBetween || ownerOf(shard)?.isBelieved !== true) goesAway(shard);
    throw outcome.error;
  }

  return {
    open: ({ log, onDoubt: tell }) => {
      onDoubt = tell;
      return nodes.open({
        log,
        purpose: { ...PURPOSE, hasSlowLane: replicas > 0 },
        saysNone: 'no node of the journal answers; writes go straight to the database until one does',
        saysUncovered: 'writes of a shard that lies there go straight to the database',
        inspect: (node, asked, server) => {
          const known = servers.get(node) ?? new KnownServer();
          servers.set(node, known);
          return known.inspect(asked, server, options);
        },
        tryOut: async (redis, node) => {
          const [[slot] = []] = node.ranges;
          const actual = servers.get(node)?.actual;
          if (slot === undefined || actual === undefined) return;
          const tried = await settled(tryOut(redis, actual, slot));
          // A slot that has moved is no refusal.
          if ('error' in tried && redirectOf(tried.error) === undefined) throw tried.error;
        },
        rejoin: (node) => {
          const before = histories.get(node);
          histories.set(node, node.history);
          // Another run, or one that was a replica in between.
          if (before !== undefined && before !== node.history) {
            for (const shard of shardsOf(node)) onDoubt('moved', shard);
          }
          return Promise.resolve();
        },
        onAway: (node) => shardsOf(node).forEach(goesAway),
        onMoved: (slots) => {
          const moved = new Set(slots);
          for (const [shard, slot] of SLOTS_OF_SHARDS.entries()) {
            if (!moved.has(slot)) continue;
            moving.delete(shard);
            onDoubt('moved', shard);
          }
        },
      });
    },
    isAway: (shard) =>
      shard === undefined ? nodes.isAway : ownerOf(shard)?.isBelieved !== true || moving.has(shard),
    mayAccept: (shard) =>
      shard === undefined
        ? nodes.all.some(({ state }) => state === 'usable')
        : ownerOf(shard)?.state === 'usable',
    usOf: (shard) => serverOf(shard)?.us ?? latestUs(),
    latestUs: (shard) => (shard === undefined ? undefined : serverOf(shard)?.latestUs) ?? latestUs(),
    runOf: (shard) => ownerOf(shard)?.history ?? 'unknown',
    hasWaitAof: (shard) => serverOf(shard)?.hasWaitAof ?? false,
    ask: (shard, commands) => ask(shard, 'run', commands),
    askConfirmed: (shard, commands) => ask(shard, 'runSlowly', commands),
    lookAgain: (shard) => ownerOf(shard)?.check(),
    close: () => nodes.close(),
  };
}
