import { setTimeout as passes } from 'node:timers/promises';
import type { ApiProcess } from '../support/processes/api-process.js';
import type { ApiTrouble, Disturb } from './api-soak.js';
import type { ApiWorld } from './api-world.js';
import { oneOf } from './world.js';

/** What happens to a process of the API, to its way to Redis, or to Redis itself. */
export interface ApiFault {
  readonly name: string;
  readonly what: string;
  readonly trouble: ApiTrouble;
}

const between = (fromMs: number, toMs: number): number => fromMs + Math.random() * (toMs - fromMs);
const within = (fromMs: number, toMs: number): Promise<void> => passes(between(fromMs, toMs));

async function killed({ processes }: ApiWorld, disturb: Disturb): Promise<void> {
  const process = oneOf(processes);
  await disturb('killed', () => process.kill());
  await within(0, 200);
  await process.start();
  await within(0, 300);
}

async function paused({ processes }: ApiWorld, disturb: Disturb): Promise<void> {
  const process = oneOf(processes);
  await disturb('paused', async () => {
    process.pause();
    await within(100, 2500);
    process.resume();
  });
  await within(0, 1200);
}

async function cutOff({ processes }: ApiWorld, disturb: Disturb): Promise<void> {
  const { proxy } = oneOf(processes);
  await disturb('cut off', async () => {
    proxy.set({ blackHole: Math.random() < 0.5 ? 'both' : 'answers' });
    await within(100, 1500);
    proxy.set({});
    proxy.reset();
  });
  await within(0, 1500);
}

/** What a bad network does to the way of one process, for 0.3 to 1 s. */
const noises: readonly (({ proxy }: ApiProcess) => void)[] = [
  ({ proxy }) => proxy.reset(),
  ({ proxy }) => proxy.set({ latencyMs: between(0, 150) }),
  ({ proxy }) => proxy.set({ ghosts: 0.2 }),
];

async function noisy({ processes }: ApiWorld, disturb: Disturb): Promise<void> {
  const [noise, process] = [oneOf(noises), oneOf(processes)];
  await disturb('noise', async () => {
    const untilMs = performance.now() + between(300, 1000);
    while (performance.now() < untilMs) {
      noise(process);
      await within(0, 150);
    }
    process.proxy.set({});
  });
  await within(0, 1200);
}

async function redisKilled({ redis }: ApiWorld, disturb: Disturb): Promise<void> {
  await disturb('Redis killed', async () => {
    await redis.kill();
    await within(0, 400);
    await redis.start();
  });
  await within(500, 2000);
}

async function redisPaused({ redis }: ApiWorld, disturb: Disturb): Promise<void> {
  await disturb('Redis paused', async () => {
    redis.pause();
    await within(50, 1500);
    redis.resume();
  });
  await within(500, 2000);
}

export const apiFaults: readonly ApiFault[] = [
  {
    name: 'processes killed',
    what: 'a process is killed again and again, and started anew',
    trouble: killed,
  },
  {
    name: 'processes paused',
    what: 'a process stands still for 0.1 to 2.5 s, as in a garbage collection',
    trouble: paused,
  },
  {
    name: 'processes cut off',
    what: 'a process is cut off from Redis for 0.1 to 1.5 s, or from its answers, while the others go on',
    trouble: cutOff,
  },
  {
    name: 'processes noisy',
    what: 'connections of a process are reset, commands take up to 300 ms, or arrive once more and late',
    trouble: noisy,
  },
  {
    name: 'Redis killed',
    what: 'Redis is killed and comes back empty',
    trouble: redisKilled,
  },
  {
    name: 'Redis paused',
    what: 'Redis stands still for 0.05 to 1.5 s',
    trouble: redisPaused,
  },
];

/** No fault at all, for a mutant that brings its own. */
export const calm: ApiTrouble = () => passes(100);
