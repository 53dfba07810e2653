import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { useCluster } from './use-cluster.js';

const LENGTH = 50;
const ROUNDS = 40;

interface Events {
  writes: number;
  reads: number;
}

/** Counts what goes over every connection that is opened from now on, by the port that it leads to. */
function countEvents() {
  const sockets: { readonly socket: Socket; readonly events: Events }[] = [];
  const onSocket = (message: unknown): void => {
    const socket: unknown = Object(message).socket;
    if (!(socket instanceof Socket)) return;
    const events = { writes: 0, reads: 0 };
    sockets.push({ socket, events });
    // What a stream calls for one write to the system: with one piece, or with all that were held back.
    for (const name of ['_write', '_writev'] as const) {
      const write: unknown = Reflect.get(socket, name);
      if (typeof write !== 'function') continue;
      Reflect.set(socket, name, (...given: unknown[]): unknown => {
        events.writes += 1;
        return Reflect.apply(write, socket, given);
      });
    }
    socket.on('data', () => (events.reads += 1));
  };
  subscribe('net.client.socket', onSocket);
  onTestFinished(() => void unsubscribe('net.client.socket', onSocket));
  const of = (port: number): Events => {
    const sum = { writes: 0, reads: 0 };
    for (const { socket, events } of sockets) {
      if (socket.remotePort !== port) continue;
      sum.writes += events.writes;
      sum.reads += events.reads;
    }
    return sum;
  };
  return { of };
}

describe.skipIf(!needsRedis())('a list of 50 on a Redis Cluster', () => {
  const { servers, client } = useCluster('yes');

  it('is read with one write and one read event on the connection to each node', async () => {
    const events = countEvents();
    const store = redisStore(client(), { prefix: 'round-trips' });
    const cache = createCache({ store, log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    await cache.start();
    let loads = 0;
    const ids = Array.from({ length: LENGTH }, (_, id) => id);
    const readAll = (): Promise<unknown> =>
      Promise.all(
        ids.map((id) =>
          cache.fetch(`Row:${id}`, { ttl: 600, tags: [`Tag:${id % 5}`] }, () => {
            loads += 1;
            return `row ${id}`;
          }),
        ),
      );
    const isWarm = async (): Promise<boolean> => {
      const before = loads;
      await readAll();
      return loads === before;
    };
    await expect.poll(isWarm, { timeout: 10_000 }).toBe(true);
    loads = 0;
    const ports = servers().primaries.map(({ port }) => port);
    const counted: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = ports.map((port) => events.of(port));
      await readAll();
      const after = ports.map((port) => events.of(port));
      const each = after.map(({ writes, reads }, index) => [
        writes - (before[index]?.writes ?? 0),
        reads - (before[index]?.reads ?? 0),
      ]);
      counted.push(each.map(([writes, reads]) => `${writes} and ${reads}`).join(', '));
    }
    expect(loads).toBe(0);
    const asTold = counted.filter((each) => each === '1 and 1, 1 and 1, 1 and 1').length;
    process.stdout.write(
      `a list of ${LENGTH} on three nodes: in ${asTold} of ${ROUNDS} reads one write and one read event for each node\n`,
    );
    // Some times a second the nodes are looked at as well, which may come between.
    expect(asTold, counted.join('\n')).toBeGreaterThan(ROUNDS / 2);
  }, 30_000);
});
