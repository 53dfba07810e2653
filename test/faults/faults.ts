import { setTimeout as passes } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { Store } from '../../src/cache/index.js';
import { everyServer, keysOf, redisClient } from '../support/servers/redis-client.js';
import type { TcpProxy } from '../support/servers/tcp-proxy.js';
import {
  withBlindFill,
  withBlindHits,
  withoutBarrier,
  withSilentLog,
} from '../support/stores/planted-stores.js';
import {
  faultWorld,
  oneOf,
  soak,
  type FaultResult,
  type FaultWorld,
  type SoakOptions,
  type WorldOptions,
} from './world.js';

/** A fault, what must hold while it goes on, and the mutant that must not survive it. */
export interface Fault {
  readonly name: string;
  readonly what: string;
  /** What is planted, in words. */
  readonly mutant: string;
  readonly shortMs: number;
  readonly longMs: number;
  /** How long the mutant is given to be noticed; default `shortMs`. */
  readonly mutantMs?: number;
  run(options: { readonly forMs: number; readonly isPlanted: boolean }): Promise<FaultResult>;
  /** Beyond no stale read and no error: what is wrong with a result, if anything. */
  readonly check?: (result: FaultResult) => string | undefined;
  /** What 99 of 100 writes may take, in milliseconds. */
  readonly writesWithinMs?: number;
}

type Trouble = NonNullable<SoakOptions['trouble']>;

interface Soaked extends Pick<Fault, 'name' | 'what' | 'mutant' | 'check' | 'mutantMs' | 'writesWithinMs'> {
  /** Made for each run: it may keep a client. */
  readonly trouble?: () => Trouble;
  readonly world?: WorldOptions;
  readonly planted: WorldOptions;
  /** What the mutant changes beside the stores, once everything is up. */
  readonly meddle?: (world: FaultWorld) => Promise<unknown>;
  readonly soak?: Omit<SoakOptions, 'forMs' | 'trouble'>;
  readonly longMs?: number;
  readonly shortMs?: number;
}

function soaked(fault: Soaked): Fault {
  const { name, what, mutant, trouble, world = {}, planted, meddle, longMs = 60_000, shortMs = 1500 } = fault;
  return {
    name,
    what,
    mutant,
    shortMs,
    longMs,
    ...(fault.check && { check: fault.check }),
    ...(fault.writesWithinMs !== undefined && { writesWithinMs: fault.writesWithinMs }),
    ...(fault.mutantMs !== undefined && { mutantMs: fault.mutantMs }),
    run: async ({ forMs, isPlanted }) => {
      const made = await faultWorld({ ...world, ...(isPlanted ? planted : {}) });
      if (isPlanted) await meddle?.(made);
      return soak(made, { forMs, trouble: trouble?.(), ...fault.soak, ...(isPlanted ? { enough: 5 } : {}) });
    },
  };
}

const kindly = (ms: number): Promise<void> => passes(Math.random() * ms);

/** Takes away keys of all kinds, one after the other. */
function evicting(everyMs: number): Trouble {
  let client: Redis | Cluster | undefined;
  return async ({ redis }) => {
    client ??= connected(redis.url);
    const keys = await keysOf(client, 'faults:*');
    if (keys.length > 0) await client.unlink(oneOf(keys));
    await kindly(everyMs);
  };
}

function connected(url: string): Redis | Cluster {
  const client = redisClient(url);
  onTestFinished(() => client.disconnect());
  return client;
}

/** Loses a share of the invalidations that a process makes by itself: they fail, as after a lost connection. */
const losing =
  (share: number) =>
  (store: Store): Store => ({
    ...store,
    invalidate: async (tags) => {
      if (Math.random() < share) throw new Error('lost on the way');
      await store.invalidate(tags);
    },
  });

/** The same, and says that all is well. */
const losingSilently =
  (share: number) =>
  (store: Store): Store => ({
    ...store,
    invalidate: async (tags) => {
      if (Math.random() >= share) await store.invalidate(tags);
    },
  });

async function pausing({ redis }: FaultWorld, forMs: number): Promise<void> {
  const { pid } = oneOf(redis.servers);
  process.kill(pid, 'SIGSTOP');
  await passes(forMs);
  process.kill(pid, 'SIGCONT');
}

/** A way of a process to a server. */
const oneWay = ({ processes }: FaultWorld): TcpProxy => oneOf(oneOf(processes).proxies);
const waysOf = (processes: FaultWorld['processes']): readonly TcpProxy[] =>
  processes.flatMap(({ proxies }) => proxies);

/** Of its own: a client that another fault has ended is no use. */
const evictingCopies = (): Trouble => {
  const evict = evicting(20);
  return async (world) => {
    await evict(world);
    if (Math.random() < 0.05) oneWay(world).reset();
  };
};

export const faults: readonly Fault[] = [
  soaked({
    name: 'F1',
    what: '20 readers and 4 writers on three rows, loads of 0 to 30 ms and 1 % of 400 ms',
    mutant: 'fills are stored blindly',
    planted: { plant: withBlindFill },
    check: ({ hitRatio }) => (hitRatio < 0.1 ? `hit ratio ${hitRatio}` : undefined),
  }),
  soaked({
    name: 'F2',
    what: 'as F1, while random keys of every kind are taken away',
    mutant: 'hits do not compare generations',
    trouble: () => evicting(20),
    planted: { plant: withBlindHits },
    mutantMs: 10_000,
  }),
  soaked({
    name: 'F3',
    what: 'as F1, and a fifth of the invalidations are lost: the relay makes up for them',
    mutant: 'a lost invalidation is acknowledged, and nobody relays',
    world: { plant: losing(0.2) },
    planted: { plant: losingSilently(1) },
    check: ({ strictWrites }) => (strictWrites < 20 ? `only ${strictWrites} strict writes` : undefined),
    writesWithinMs: 600,
  }),
  soaked({
    name: 'F5',
    what: 'connections are reset between commits and their invalidations',
    mutant: 'an invalidation that failed is acknowledged, and nobody relays',
    trouble: () => async (world) => {
      await kindly(150);
      oneWay(world).reset();
    },
    planted: { plant: losingSilently(0.5) },
    mutantMs: 8000,
  }),
  soaked({
    name: 'F7',
    what: 'one process, or all of them, are cut off from Redis for 0.1 to 1 s, while writes go on',
    mutant: 'what was lost is used again before it has caught up',
    shortMs: 3000,
    trouble:
      () =>
      async ({ processes }) => {
        await kindly(800);
        const cut = waysOf(Math.random() < 0.5 ? processes : [oneOf(processes)]);
        for (const proxy of cut) proxy.set({ blackHole: 'both' });
        await passes(100 + Math.random() * 900);
        for (const proxy of cut) {
          proxy.set({});
          proxy.reset();
        }
      },
    planted: { plant: (store) => losingSilently(0.3)(withoutBarrier(store)) },
    mutantMs: 15_000,
  }),
  soaked({
    name: 'F9',
    what: 'a tenth of what is said to Redis arrives once more, up to a second late',
    mutant: 'fills are stored blindly',
    trouble:
      () =>
      async ({ processes }) => {
        for (const proxy of waysOf(processes)) proxy.set({ ghosts: 0.1 });
        await passes(200);
      },
    planted: { plant: withBlindFill },
    mutantMs: 8000,
  }),
  soaked({
    name: 'half-open',
    what: 'answers are half lost: requests arrive, answers vanish for a moment',
    mutant: 'fills are stored blindly',
    trouble: () => async (world) => {
      await kindly(600);
      const proxy = oneWay(world);
      proxy.set({ blackHole: 'answers' });
      await kindly(300);
      proxy.set({});
      proxy.reset();
    },
    planted: { plant: withBlindFill },
    mutantMs: 8000,
  }),
  soaked({
    name: 'F14',
    what: 'everything is flushed, scripts included, three times a second',
    mutant: 'hits do not compare generations',
    trouble:
      () =>
      async ({ redis }) => {
        const client = redisClient(redis.url);
        for (const server of await everyServer(client)) {
          await server.flushall();
          await server.script('FLUSH');
        }
        client.disconnect();
        await passes(300);
      },
    planted: { plant: withBlindHits },
    mutantMs: 10_000,
  }),
  soaked({
    name: 'F18',
    what: 'strict copies, while the log and other keys are taken away and connections are reset',
    mutant: 'the log tells nothing',
    world: { strictCopies: true },
    trouble: evictingCopies,
    planted: { strictCopies: true, plant: withSilentLog },
    mutantMs: 8000,
  }),
  soaked({
    name: 'F19',
    what: 'Redis hangs for 50 to 600 ms, is slow by 20 ms, or answers again',
    mutant: 'an invalidation that failed is acknowledged, and nobody relays',
    shortMs: 3000,
    trouble: () => async (world) => {
      await kindly(500);
      if (Math.random() < 0.5) return pausing(world, 50 + Math.random() * 550);
      const ways = waysOf(world.processes);
      for (const proxy of ways) proxy.set({ latencyMs: 20 });
      await passes(300);
      for (const proxy of ways) proxy.set({});
    },
    planted: { plant: losingSilently(0.5) },
    mutantMs: 8000,
  }),
];
