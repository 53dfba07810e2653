import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { createNonces } from '../../store/nonces.js';
import { StoreAway } from '../../store/store-away.js';
import type { Fill, FillOutcome, Lease, OpenOptions, Store } from '../../store/store.js';
import type { Ask } from '../connection/connection-user.js';
import type { LuaScript, ScriptCall } from '../connection/lua-script.js';
import type { Purpose } from '../connection/purpose.js';
import { countAsked, mostAsked } from '../store/asked-in-redis.js';
import { figureSharing, sharedFigures } from '../store/figures-in-redis.js';
import { inParts, readInParts } from '../store/in-parts.js';
import { InTurn } from '../store/in-turn.js';
import { putOf, putOutcomeOf } from '../store/invalidations.js';
import { loadingKeptMs, wholeMs } from '../store/kept-times.js';
import { fillOutcomeOf } from '../store/fill-outcome.js';
import { storeScripts as scripts } from '../store/store-scripts.js';
import { STORE_PURPOSE } from '../store/store-purpose.js';
import { LOOPBACK, type RedisStoreOptions } from '../store/store-settings.js';
import { tryOutEntries } from '../store/try-out.js';
import { acquireOnCluster, intendOnCluster } from './cluster-claims.js';
import { startAddresses } from './cluster-client.js';
import { clusterHealth, clusterHoldings } from './cluster-health.js';
import { invalidateOnCluster } from './cluster-invalidations.js';
import { clusterNames } from './cluster-names.js';
import type { ClusterNode } from './cluster-node.js';
import { answersOf, ClusterNodes, settled, unlessAllFailed } from './cluster-nodes.js';
import { readFromCluster, type Reader } from './cluster-reads.js';
import { onOwners, type OwnersReply } from './on-owners.js';
import { ALL_SLOTS, AT_ONCE, OwedSlots } from './owed-slots.js';
import { redirectOf } from './redirect.js';
import { SlotMarks } from './slot-marks.js';
import { textsOfSlots } from './slots.js';

const PURPOSE: Purpose = {
  ...STORE_PURPOSE,
  says: {
    away: 'a node of the cluster is away; the origin answers for what lies there until it is back',
    usable: 'the node is back and is used again',
  },
  refusal: (words) => new StoreAway(`the node of the cluster ${words}`),
};

/** Larger fills count as several, as on one server. */
const SMALL_FILL_BYTES = 1000;

interface InRow {
  readonly key: string;
  readonly row?: string | undefined;
}

/**
 * Entries in a Redis Cluster. Each slot stands for itself: an entry, its generation and the epoch of the slot lie in it, and what
 * is read in it is marked by the history of its node. There is no log of invalidations, so there are no strict copies.
 */
export function clusterStore(cluster: Cluster, settings: Required<RedisStoreOptions>): Store {
  const { prefix } = settings;
  const nodes = new ClusterNodes(cluster, settings);
  const nextNonce = createNonces();
  const watchers: ((key: string) => void)[] = [];
  let reader: Reader = {
    ...{ nodes, names: clusterNames(prefix, 'none'), marks: new SlotMarks(), owed: new OwedSlots() },
  };
  const { owed } = reader;
  const rowSlotOf = ({ key, row = key }: InRow): number => reader.names.slotOf(row);
  /** Runs a script for each item, where its row lies. */
  const onRows = <Item extends InRow>(
    items: readonly Item[],
    script: LuaScript,
    callOf: (item: Item, node: ClusterNode) => ScriptCall,
  ) => onOwners(items, { nodes, script, slotOf: rowSlotOf, callOf });
  /** What lies in one slot, and is asked of its owner only. */
  const onSlot = async <Answer>(text: string, ask: (redis: Redis) => Promise<Answer>): Promise<Answer> => {
    const outcomes = await nodes.spread([text], {
      slotOf: reader.names.slotOf,
      send: async (redis) => [await settled(ask(redis))],
    });
    const [answer] = answersOf(outcomes);
    if (answer === undefined) throw new StoreAway('the node of the cluster did not answer');
    return answer;
  };
  const sendFills = async (part: readonly Fill[]): Promise<readonly (FillOutcome | Error)[]> => {
    const { names } = reader;
    const outcomes = await onRows(
      part,
      scripts.fill,
      ({ key, row = key, bytes, generations, keepForMs, token }, { channel }) => ({
        keys: [names.entry(key, row), names.generation(row), names.lease(key, row)],
        args: [
          ...[generations[0] ?? '', bytes, wholeMs(keepForMs), token ?? '', channel, key],
          wholeMs(keepForMs * 2),
        ],
      }),
    );
    return unlessAllFailed(outcomes).map((outcome) => {
      const [reply]: unknown[] =
        'answer' in outcome && Array.isArray(outcome.answer.reply) ? outcome.answer.reply : [];
      return fillOutcomeOf(reply);
    });
  };
  const shareFigures = figureSharing();
  const fills = new InTurn(sendFills, ({ bytes }) => 1 + Math.floor(bytes.length / SMALL_FILL_BYTES));
  /** What this process does not know to be applied, the node has missed. */
  const forgetNode = async ({ ranges }: ClusterNode, ask: Ask): Promise<void> => {
    const slots = ranges.flatMap(([from, to]) => ALL_SLOTS.slice(from, to + 1));
    const { epochOf } = reader.names;
    for (let start = 0; start < slots.length; start += AT_ONCE) {
      const part = slots.slice(start, start + AT_ONCE);
      const ended = await ask((redis) => Promise.all(part.map((slot) => settled(redis.del(epochOf(slot))))));
      // What is on its way to another node is followed later; what else fails keeps the node away.
      answersOf(ended.filter((one) => !('error' in one && redirectOf(one.error) !== undefined)));
      owed.add(part.filter((_, index) => 'error' in (ended[index] ?? {})));
    }
  };

  return {
    name: 'redis',
    isLocal: false,
    sharedAs: sharedName(cluster, prefix),
    isAway: () => nodes.isAway,
    isPartlyAway: () => nodes.isPartlyAway,
    open: ({ digest, log, onForgotten, caughtUp }: OpenOptions) => {
      const names = clusterNames(prefix, digest);
      reader = { ...reader, names };
      return nodes.open({
        log,
        purpose: PURPOSE,
        saysNone: 'no node of the cluster answers; the origin answers until one does',
        saysUncovered:
          'entries there, and those with a tag there, are always loaded from the origin, and rows of the outbox that name ' +
          'a tag there wait, together with rows beside them, so that writes are acknowledged as bounded, and every ' +
          'process is blind after blindAfterMs',
        channel: {
          of: (id) => `${names.channel}:${id}`,
          onMessage: (key) => {
            for (const onSettled of watchers) onSettled(key);
          },
        },
        tryOut: async (redis, { ranges, channel }) => {
          const [[slot] = []] = ranges;
          if (slot === undefined) return;
          const key = `${textsOfSlots()[slot]}}try-out ${randomUUID()}`;
          const tried = await settled(tryOutEntries(redis, { ...names, channel }, key));
          // A slot that has moved is no refusal.
          if ('error' in tried && redirectOf(tried.error) === undefined) throw tried.error;
        },
        rejoin: async (node, ask, mustForget) => {
          const has = await caughtUp();
          if (has === 'yes' || (has === 'unknown' && !mustForget)) return;
          await forgetNode(node, ask);
          // What this process has missed on the other nodes is owed there; what others have missed waits for a relay.
          if (has === 'no') onForgotten('all');
        },
        onMoved: (slots) => owed.add(slots),
        onLook: () => owed.pay(nodes, names).catch(() => undefined),
      });
    },
    watch: (onSettled) => void watchers.push(onSettled),
    close: () => {
      fills.sendNow();
      return nodes.close();
    },

    read: (addresses, asking = {}) => readInParts(addresses, (part) => readFromCluster(reader, part, asking)),
    acquire: (all, { mayGiveUp = false } = {}) => {
      const way = mayGiveUp ? 'runUnlessLate' : 'run';
      return inParts(all, (requests) => acquireOnCluster({ ...reader, nextNonce, requests, way }));
    },
    fill: (all) => inParts(all, (part) => fills.ask(part)),
    release: async (all) => {
      const outcomes = await inParts(all, (leases) =>
        onRows(leases, scripts.release, ({ key, row, token }, { channel }) => ({
          keys: [reader.names.lease(key, row)],
          args: [token, channel, key],
        })),
      );
      // A part that fails does not keep the others from their nodes.
      answersOf(outcomes);
    },
    renew: async (all) => {
      const outcomes = await inParts(all, (leases: readonly (Lease & { readonly leaseMs: number })[]) =>
        onRows(leases, scripts.renew, ({ key, row = key, token, leaseMs }) => ({
          keys: [reader.names.lease(key, row), reader.names.generation(row)],
          args: [token, wholeMs(leaseMs), loadingKeptMs(leaseMs)],
        })),
      );
      return unlessAllFailed(outcomes).map((outcome) =>
        'answer' in outcome ? outcome.answer.reply === 1 : undefined,
      );
    },
    forget: async () => {
      owed.add(ALL_SLOTS);
      await owed.pay(nodes, reader.names);
    },
    countAsked: (field, asked) =>
      onSlot(field, (redis) => countAsked(redis, reader.names, { field, asked }).then(() => null)).then(
        () => undefined,
      ),
    mostAsked: (field, atMost) => onSlot(field, (redis) => mostAsked(redis, reader.names, { field, atMost })),
    shareFigures: async (process, changes) => {
      await onSlot('figures', (redis) =>
        shareFigures(redis, reader.names, { process, ...changes }).then(() => null),
      );
    },
    sharedFigures: (parts) => onSlot('figures', (redis) => sharedFigures(redis, reader.names, parts)),
    health: () => clusterHealth(nodes),
    holdings: () => clusterHoldings(nodes, reader.names),
    confirm: async () => {
      await nodes.look();
      const isWhole = ALL_SLOTS.every((slot) => nodes.ownerOf(slot)?.isBelieved === true);
      if (!isWhole) throw new StoreAway('a node of the cluster is away');
    },
    intend: (all) => inParts(all, (requests) => intendOnCluster({ ...reader, nextNonce, requests })),
    put: (all) =>
      inParts(all, async (puts) => {
        const outcomes = await onRows(puts, scripts.invalidate, (row, { channel }) =>
          putOf({ ...reader.names, channel }, row),
        );
        return answersOf(outcomes).map(({ reply }: OwnersReply) => putOutcomeOf(reply));
      }),
    invalidate: async (all, versions) => {
      // A part that fails does not keep the others from their nodes.
      const failures = await inParts(all, (tags) =>
        invalidateOnCluster({ ...reader, nextNonce }, tags, versions),
      );
      const [first] = failures;
      if (first !== undefined) throw first;
    },
  };
}

/** The same for all processes that are given the same nodes at first. */
function sharedName(cluster: Cluster, prefix: string): string {
  const addresses = startAddresses(cluster).map(({ host, port }) =>
    LOOPBACK.test(host) ? `${hostname()} ${host}:${port}` : `${host}:${port}`,
  );
  return `redis cluster of ${addresses.sort().join()} ${prefix}`;
}
