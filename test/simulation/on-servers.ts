import { onTestFinished } from 'vitest';
import { seededRandom } from '../properties/seeded-random.js';
import { SimulatedServers } from './simulated-cluster.js';
import { present, SimulatedNetwork } from './simulated-network.js';
import { SimulatedTime } from './simulated-time.js';

const TRAVEL = { leastMs: 0.1, mostMs: 0.5, lateShare: 0, lateMs: 1, lostShare: 0 };

/**
 * Simulated servers whose time goes on for as long as `work` takes. The test file puts simulated clients in the place of those of
 * ioredis.
 */
export async function onServers(
  nodes: number,
  work: (servers: SimulatedServers, network: SimulatedNetwork) => Promise<void>,
): Promise<void> {
  const time = new SimulatedTime();
  onTestFinished(time.install());
  const random = seededRandom(1);
  const network = new SimulatedNetwork(time, random, TRAVEL);
  present.network = network;
  let isDone = false;
  const servers = new SimulatedServers({ network, random, nodes, plants: new Set() });
  const working = work(servers, network).finally(() => {
    isDone = true;
  });
  // What is not waited for in this time, such as an import, ends in real time.
  while (!isDone) await time.pass(time.nowMs + 10, () => isDone);
  await working;
}
