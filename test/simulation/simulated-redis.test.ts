import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import type { Store } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { storeContract } from '../../src/cache/testing/index.js';
import { cacheLog } from '../support/cache-log.js';
import { onServers } from './on-servers.js';
import type { SimulatedServers } from './simulated-cluster.js';
import { SimulatedTime } from './simulated-time.js';

vi.mock('ioredis', async () => {
  const { SimulatedCluster, SimulatedRedis } = await import('./simulated-client.js');
  return { Redis: SimulatedRedis, Cluster: SimulatedCluster };
});

async function open(nodes: number, servers: SimulatedServers): Promise<Store> {
  const [address] = servers.addresses;
  const client = nodes > 1 ? new Cluster(servers.addresses) : new Redis({ ...address });
  const store = redisStore(client);
  await store.open?.({
    digest: 'd1',
    log: cacheLog(),
    onForgotten: () => undefined,
    caughtUp: () => Promise.resolve('unknown' as const),
  });
  return store;
}

describe.each([
  ['one server', 1],
  ['a cluster', 3],
])('the store contract: the Redis store on %s that is simulated', (_, nodes) => {
  let servers: SimulatedServers | undefined;
  const pass = (ms: number): void => {
    for (const { keys } of servers?.present ?? []) keys.age(ms);
  };
  const cases = storeContract({
    ...{ hasTime: true, isLocal: false, sequences: 50, seed: 1 },
    create: async () => {
      if (servers === undefined) throw new Error('there are no servers');
      for (const { keys } of servers.present) keys.delete(...keys.keys());
      return { store: await open(nodes, servers), pass };
    },
  });
  for (const { title, run } of cases) {
    it(title, () =>
      onServers(nodes, async (simulated) => {
        servers = simulated;
        await run();
      }),
    );
  }
});

it('what happens on a machine that stands still happens afterwards, in its order', async () => {
  const time = new SimulatedTime();
  const seen: string[] = [];
  time.after(1, 'a', () => void seen.push(`a1 at ${time.nowMs}`));
  time.after(2, 'a', () => void seen.push(`a2 at ${time.nowMs}`));
  time.after(3, 'b', () => void seen.push(`b at ${time.nowMs}`));
  time.standStill('a', 10);
  await time.pass(100);
  expect(seen).toEqual(['b at 3', 'a1 at 10', 'a2 at 10']);
});
