import { Cluster } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { acquireOnCluster } from '../../../../src/cache/redis/cluster/cluster-claims.js';
import { clusterNames } from '../../../../src/cache/redis/cluster/cluster-names.js';
import { ClusterNodes, settled } from '../../../../src/cache/redis/cluster/cluster-nodes.js';
import { readFromCluster } from '../../../../src/cache/redis/cluster/cluster-reads.js';
import { OwedSlots } from '../../../../src/cache/redis/cluster/owed-slots.js';
import { SlotMarks } from '../../../../src/cache/redis/cluster/slot-marks.js';
import { STORE_PURPOSE } from '../../../../src/cache/redis/store/store-purpose.js';
import { createNonces } from '../../../../src/cache/store/nonces.js';
import { onServers } from '../../../simulation/on-servers.js';
import type { SimulatedServers } from '../../../simulation/simulated-cluster.js';
import { cacheLog } from '../../../support/cache-log.js';

vi.mock('ioredis', async () => {
  const { SimulatedCluster, SimulatedRedis } = await import('../../../simulation/simulated-client.js');
  return { Redis: SimulatedRedis, Cluster: SimulatedCluster };
});

const names = clusterNames('films', 'd1');
const row = 'Movie:1';
const slot = names.slotOf(row);

/** An entry, with a tag that lies on another node. */
async function opened(servers: SimulatedServers) {
  const nodes = new ClusterNodes(new Cluster(servers.addresses), {
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
  });
  onTestFinished(() => nodes.close());
  await nodes.open({
    log: cacheLog(),
    purpose: {
      ...{ ...STORE_PURPOSE, says: { away: 'away', usable: 'usable' } },
      refusal: (words) => new Error(words),
    },
    saysNone: 'no node answers',
    saysUncovered: 'they are away',
    tryOut: () => Promise.resolve(),
    rejoin: () => Promise.resolve(),
    onMoved: () => undefined,
  });
  const owner = nodes.ownerOf(slot);
  const tag = Array.from({ length: 100 }, (_, index) => `Tag:${index}`).find(
    (one) => nodes.ownerOf(names.slotOf(one)) !== owner,
  );
  if (tag === undefined) throw new Error('there are too few tags');
  const owed = new OwedSlots();
  const reader = { nodes, names, marks: new SlotMarks(), owed };
  const nextNonce = createNonces();
  const read = async () => (await readFromCluster(reader, [{ key: row, tags: [tag] }]))[0];
  const claim = async () => {
    const token = nextNonce();
    const request = { key: row, tags: [tag], token, leaseMs: 1000, keepForMs: 60_000 };
    return (await acquireOnCluster({ ...reader, nextNonce, requests: [request] }))[0];
  };
  await claim();
  await nodes.spread([row], {
    slotOf: names.slotOf,
    send: async (redis) => [await settled(redis.set(names.entry(row), 'the old entry'))],
  });
  const tagsOwner = nodes.ownerOf(names.slotOf(tag))?.address;
  return { owed, ways: { read, claim }, pay: () => owed.pay(nodes, names), tagsOwner };
}

describe('what is asked for while the invalidations of its slot are not known to be applied', () => {
  it.each([
    ['read', 'owed before it is asked for'],
    ['read', 'owed meanwhile'],
    ['claim', 'owed before it is asked for'],
    ['claim', 'owed meanwhile'],
  ] as const)(
    'is not believed by a %s, though the epoch ends before the last answer comes: %s',
    (way, when) =>
      onServers(3, async (servers, network) => {
        const { owed, ways, pay, tagsOwner } = await opened(servers);
        const asked = ways[way];
        expect((await asked())?.bytes?.toString()).toBe('the old entry');
        if (when === 'owed before it is asked for') owed.add([slot]);
        // The epoch of the entry is read before it ends, and the other node answers after that.
        network.cut('world', `${tagsOwner?.host}:${tagsOwner?.port}`, 50);
        let isAnswered = false;
        const asking = asked().finally(() => (isAnswered = true));
        if (when === 'owed meanwhile') owed.add([slot]);
        await pay();
        expect(isAnswered).toBe(false);
        expect((await asking)?.bytes).toBeUndefined();
        // What is asked for now comes under the next epoch.
        expect((await asked())?.bytes?.toString()).toBe('the old entry');
      }),
  );

  it('is loaded under a name of its own, so that no reader joins a load that began before the slot was owed', () =>
    onServers(3, async (servers) => {
      const { owed, ways, pay } = await opened(servers);
      const nameOf = async (): Promise<string | undefined> => (await ways.claim())?.generations?.join(' ');
      const name = await nameOf();
      expect(await nameOf()).toBe(name);
      owed.add([slot]);
      const whileOwed = await nameOf();
      expect(whileOwed).not.toBe(name);
      // Those who come meanwhile share a load.
      expect(await nameOf()).toBe(whileOwed);
      owed.add([slot]);
      const owedAnew = await nameOf();
      await pay();
      const paid = await nameOf();
      expect(new Set([name, whileOwed, owedAnew, paid]).size).toBe(4);
      expect(await nameOf()).toBe(paid);
    }));
});
