import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Clock, type Store } from '../../src/cache/index.js';
import { systemClock } from '../../src/cache/time/clock.js';
import { createGate, type Gate } from '../support/gate.js';
import { needsRedis } from '../support/needs.js';
import { percentile } from '../support/load/percentile.js';
import { redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { rowCache, type RowCache } from '../support/worlds/row-cache.js';
import { expectTime } from '../support/run/expect-time.js';

const ROUNDS = 20;
const WAITERS = 5;

/** A store whose wake-ups never arrive, as if every message were lost on its way. */
function withoutWakeUps(store: Store): Store {
  return { ...store, watch: () => undefined };
}

describe.skipIf(!needsRedis())('whoever waits for the load of another process', () => {
  let server: TestedRedis;
  let made = 0;

  beforeAll(async () => {
    server = await testedRedis();
  });
  afterAll(() => server.stop());

  const newStore = (): Store => redisStore(redisClient(server.url), { prefix: 'wakeups' });

  /** Two caches on one Redis are two processes to each other. Loads wait at the gate of their row. */
  async function twoCaches(waiting: { store: Store; clock?: Clock }) {
    const gates = new Map<string, Gate>();
    const loads = new Map<string, number>();
    const database = {
      load: async (id: string) => {
        loads.set(id, (loads.get(id) ?? 0) + 1);
        await gates.get(id)?.wait();
        return { id, version: 1 };
      },
      write: () => Promise.reject(new Error('nobody writes here')),
    };
    const holder = rowCache({ store: newStore(), database });
    const waiter = rowCache({ ...waiting, database });
    await Promise.all([holder.cache.start(), waiter.cache.start()]);
    onTestFinished(async () => {
      await Promise.all([holder.cache.close(), waiter.cache.close()]);
    });
    return { holder, waiter, gates, loads };
  }

  interface Round {
    readonly id: string;
    readonly answered: Promise<readonly number[]>;
    /** When the load ended. */
    readonly endedAtMs: number;
  }

  /** The holder loads, others wait for him in the other cache, and after `loadMs` the load ends. */
  async function round(
    { holder, waiter, gates }: { holder: RowCache; waiter: RowCache; gates: Map<string, Gate> },
    loadMs: number,
  ): Promise<Round> {
    const id = `${(made += 1)}`;
    const gate = createGate();
    gates.set(id, gate);
    const led = holder.read('through', id);
    await gate.arrived();
    const answered = Promise.all(
      Array.from({ length: WAITERS }, async () => {
        await waiter.read('through', id);
        return performance.now();
      }),
    );
    await passes(loadMs);
    const endedAtMs = performance.now();
    gate.open();
    await led;
    return { id, answered, endedAtMs };
  }

  /** For each waiter of each round, how many milliseconds after the end of the load he was answered. */
  async function waits(waiting: { store: Store }): Promise<readonly number[]> {
    const caches = await twoCaches(waiting);
    const rounds = Array.from({ length: ROUNDS }, async (_, number) => {
      // Loads of different length end in different places of the waiters' pauses.
      const { id, answered, endedAtMs } = await round(caches, 50 + ((number * 37) % 200));
      const answeredAtMs = await answered;
      expect(caches.loads.get(id)).toBe(1);
      return answeredAtMs.map((ms) => ms - endedAtMs);
    });
    return (await Promise.all(rounds)).flat();
  }

  it('is woken as soon as the load has ended', async () => {
    const delaysMs = await waits({ store: newStore() });
    expectTime(percentile(delaysMs, 0.5), 'the median').toBeLessThanOrEqual(50);
  });

  it('is answered within 250 ms of its end when every wake-up is lost', async () => {
    const delaysMs = await waits({ store: withoutWakeUps(newStore()) });
    expect(delaysMs).toHaveLength(ROUNDS * WAITERS);
    expectTime(Math.max(...delaysMs), 'the longest wait').toBeLessThanOrEqual(250);
  });

  it('would wait for ever then, if it did not also ask by itself', async () => {
    let wake: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => (wake = resolve));
    const clock: Clock = {
      nowMs: () => Date.now(),
      sleep: () => asleep,
      after: (ms, callback) => {
        let isOff = false;
        void asleep.then(() => systemClock.after(ms, () => (isOff ? undefined : callback())));
        return () => (isOff = true);
      },
    };
    const caches = await twoCaches({ store: withoutWakeUps(newStore()), clock });
    const { answered } = await round(caches, 50);
    const outcome = await Promise.race([answered, passes(500, 'still waiting')]);
    expect(outcome).toBe('still waiting');
    wake();
    expect(await answered).toHaveLength(WAITERS);
  });
});
