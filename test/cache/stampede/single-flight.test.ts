import { describe, expect, it } from 'vitest';
import {
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
  type Store,
} from '../../../src/cache/index.js';
import type { LeaseRequest } from '../../../src/cache/types/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate } from '../../support/gate.js';
import { generationsFor, leaseRequest } from '../../support/stores/generations-for.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const KEY = 'Report:1';
const ADDRESS = { key: KEY, tags: [] };

/** Processes that share one store, on a clock that the test owns. */
function processes(count: number, options: Partial<CacheOptions<unknown>> = {}) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const caches = Array.from({ length: count }, () =>
    createCache({ store, clock, log: cacheLog(), random: () => 0, environment: 'test', ...options }),
  );
  const [first, ...others] = caches;
  if (first === undefined) throw new Error('there must be a process');
  return { first, others, caches, clock, store };
}

const read = (cache: Cache<unknown>, load: () => unknown, options = {}): Promise<unknown> =>
  cache.fetch(KEY, { ttl: 60, ...options }, load);

const countersOf = (cache: Cache<unknown>) => cache.stats.counters()['cache.fetch Report'];

/** A process that is somewhere else: it has the lease, and does with it what the test says. */
async function somebodyElse(store: Store): Promise<LeaseRequest> {
  const lease = leaseRequest(ADDRESS);
  expect((await store.acquire([lease]))[0]?.leased).toBe(true);
  return lease;
}

/** Loads that are counted, and answer with their number. */
function countedLoads() {
  let loads = 0;
  return { load: () => Promise.resolve(`load ${++loads}`), count: () => loads };
}

/** The same, each of which waits until the gate is open. */
function gatedLoads() {
  const gate = createGate();
  let loads = 0;
  const load = async (): Promise<number> => {
    loads += 1;
    await gate.wait();
    return loads;
  };
  return { gate, load, count: () => loads };
}

describe('a load that several processes want', () => {
  it('is made by one of them, and the others wait for it', async () => {
    const { caches } = processes(3);
    const gate = createGate();
    let loads = 0;
    const load = async (): Promise<string> => {
      loads += 1;
      await gate.wait();
      return 'value';
    };
    const answers = caches.flatMap((cache) => [read(cache, load), read(cache, load)]);
    await gate.arrived();
    gate.open();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 6 }, () => 'value'));
    expect(loads).toBe(1);
    expect(caches.map((cache) => countersOf(cache)?.waited)).toEqual([0, 1, 1]);
    expect(caches.map((cache) => countersOf(cache)?.joined)).toEqual([1, 1, 1]);
  });

  it('has exactly one successor when its process dies', async () => {
    const { caches, clock, store } = processes(4);
    await somebodyElse(store);
    const { load, count } = countedLoads();
    const answers = caches.map((cache) => read(cache, load));
    await clock.sleep(1);
    expect(count()).toBe(0);
    clock.advance(1501);
    expect(await Promise.all(answers)).toEqual(['load 1', 'load 1', 'load 1', 'load 1']);
  });

  it('that fails is made again by one of those who waited', async () => {
    const { first, others } = processes(3);
    const gate = createGate();
    const failing = read(first, async () => {
      await gate.wait();
      throw new Error('the database is away');
    });
    await gate.arrived();
    const { load, count } = countedLoads();
    const answers = others.map((cache) => read(cache, load));
    gate.open();
    await expect(failing).rejects.toThrow('the database is away');
    expect(await Promise.all(answers)).toEqual(['load 1', 'load 1']);
    expect(count()).toBe(1);
  });

  it('that takes too long is made by those who waited as well, once in each process', async () => {
    const { first, clock, store } = processes(1, { loads: { waitAtMostMs: 2000 } });
    const lease = await somebodyElse(store);
    const { load, count } = countedLoads();
    const answers = [read(first, load), read(first, load)];
    await clock.sleep(1);
    for (let second = 0; second < 3; second += 1) {
      await store.renew([lease]);
      clock.advance(1000);
    }
    await store.renew([lease]);
    expect(await Promise.all(answers)).toEqual(['load 1', 'load 1']);
    expect(count()).toBe(1);
  });

  it('that hangs is waited for a few times as long as loads of its field usually take, and no longer', async () => {
    const { first, clock, store } = processes(1);
    await first.fetch('Report:0', { ttl: 60 }, () => clock.advance(20));
    const lease = await somebodyElse(store);
    const { load, count } = countedLoads();
    const answer = read(first, load);
    const passes = async (ms: number): Promise<void> => {
      await store.renew([lease]);
      clock.advance(ms);
      for (let look = 0; look < 5; look += 1) await clock.sleep(1);
    };
    await passes(0);
    await passes(490);
    expect(count()).toBe(0);
    await passes(20);
    expect(await answer).toBe('load 1');
  });

  it('that is slow as always is made once', async () => {
    const { caches, clock } = processes(2);
    for (const [index, cache] of caches.entries()) {
      await cache.fetch(`Report:0/${index}`, { ttl: 60 }, () => clock.advance(2000));
    }
    const gate = createGate();
    let loads = 0;
    const load = async (): Promise<number> => {
      await gate.wait();
      return (loads += 1);
    };
    const answers = caches.map((cache) => read(cache, load));
    await gate.arrived();
    for (let step = 0; step < 10; step += 1) {
      clock.advance(400);
      for (let look = 0; look < 5; look += 1) await clock.sleep(1);
    }
    gate.open();
    expect(await Promise.all(answers)).toEqual([1, 1]);
  });

  it('is waited for longer where loads of the field begin to take longer, as they wait for their turn', async () => {
    const { first, clock, store } = processes(1);
    await first.fetch('Report:0', { ttl: 60 }, () => clock.advance(20));
    const lease = await somebodyElse(store);
    const { load, count } = countedLoads();
    const answer = read(first, load);
    const looks = async (): Promise<void> => {
      await store.renew([lease]);
      for (let look = 0; look < 5; look += 1) await clock.sleep(1);
    };
    await looks();
    await first.fetch('Report:2', { ttl: 60 }, () => clock.advance(490));
    await looks();
    clock.advance(100);
    await looks();
    expect(count()).toBe(0);
    clock.advance(600);
    await looks();
    expect(await answer).toBe('load 1');
  });

  it('is waited for as long as it may be where it would have to wait for its turn here as well', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    /** A process whose loads of the first films take until the gate is open, and that makes one at a time. */
    const films = (slow: (id: number) => boolean) => {
      const gate = createGate();
      const title = (id: number): string | Promise<string> =>
        slow(id) ? gate.wait().then(() => 'slow') : 'title';
      const { query } = testCache({
        typeDefs: 'type Query { film(id: Int!): String @cached(ttl: 60, key: "Film:{args.id}") }',
        resolvers: { Query: { film: (_root, { id }) => title(Number(id)) } },
        ...{ store, clock, loads: { atMost: 1 } },
      });
      return { gate, film: (id: number) => query(`{ film(id: ${id}) }`) };
    };
    const here = films((id) => id < 9);
    const there = films((id) => id === 9);
    await here.film(10);
    const elsewhere = there.film(9);
    await there.gate.arrived();
    const waiting = here.film(9);
    const queued = [here.film(1), here.film(2)];
    await here.gate.arrived();
    for (let step = 0; step < 12; step += 1) {
      clock.advance(400);
      for (let look = 0; look < 5; look += 1) await clock.sleep(1);
    }
    there.gate.open();
    expect((await waiting).data).toEqual({ film: 'slow' });
    here.gate.open();
    await Promise.all([elsewhere, ...queued]);
  });

  it('whose value is too large to store is made by each process for itself', async () => {
    const { caches } = processes(3);
    const { load, count } = countedLoads();
    const answers = await Promise.all(caches.map((cache) => read(cache, load, { maxBytes: 1 })));
    expect(answers.sort()).toEqual(['load 1', 'load 2', 'load 3']);
    expect(count()).toBe(3);
  });

  it('is not waited for by a reader who came after an invalidation', async () => {
    const { first, store } = processes(1);
    await somebodyElse(store);
    await first.invalidate([KEY]);
    const { load } = countedLoads();
    expect(await read(first, load)).toBe('load 1');
  });

  it('keeps its lease for as long as it runs, up to its deadline', async () => {
    const renewed: number[] = [];
    const clock = manualClock();
    const memory = memoryStore({ clock });
    const store: Store = {
      ...memory,
      renew: (leases) => {
        renewed.push(clock.nowMs());
        return memory.renew(leases);
      },
    };
    const startedAtMs = clock.nowMs();
    const cache = createCache({ store, clock, log: cacheLog(), loads: { deadlineMs: 3000 } });
    const gate = createGate();
    const answer = read(cache, () => gate.wait()).catch((error: unknown) => error);
    await gate.arrived();
    for (let round = 0; round < 10; round += 1) {
      const before = renewed.length;
      clock.advance(500);
      if (clock.nowMs() - startedAtMs < 3000) await expect.poll(() => renewed.length).toBeGreaterThan(before);
      else await clock.sleep(1);
    }
    expect(Math.max(...renewed) - startedAtMs).toBeLessThan(3000);
    expect((await memory.acquire([leaseRequest(ADDRESS)]))[0]?.leased).toBe(true);
    gate.open();
    expect(await answer).toMatchObject({ code: 'CACHE_LOAD_OVERDUE' });
    await cache.close();
  });

  it('is one refresh where all have a stale value, and nobody waits', async () => {
    const { caches, first, clock } = processes(3);
    const { load, count } = countedLoads();
    const options = { ttl: 10, swr: 60 };
    await read(first, load, options);
    clock.advance(11_000);
    const answers = await Promise.all(caches.map((cache) => read(cache, load, options)));
    expect(answers).toEqual(['load 1', 'load 1', 'load 1']);
    await expect.poll(count).toBe(2);
    for (const cache of caches) await cache.close();
    expect(count()).toBe(2);
  });

  it('that was stored between the read and the lease is not made again', async () => {
    const { first, store } = processes(1);
    const { load: other } = countedLoads();
    await read(first, other);
    const [reading] = await store.read([ADDRESS]);
    const { load, count } = countedLoads();
    // The first read of the second process misses, as if it had been made before the entry was stored.
    let reads = 0;
    const late: Store = {
      ...store,
      read: (addresses) => (reads++ === 0 ? [{ bytes: undefined, generations: [] }] : store.read(addresses)),
    };
    const second = createCache({ store: late, log: cacheLog(), clock: manualClock() });
    expect(reading?.bytes).toBeDefined();
    expect(await read(second, load)).toBe('load 1');
    expect(count()).toBe(0);
    expect((await store.acquire([leaseRequest(ADDRESS)]))[0]?.leased).toBe(true);
  });
});

describe('a load that has lost its lease', () => {
  /** A process that stood still until its lease had ended, and two readers who come then. */
  const stoodStill = async () => {
    const clock = manualClock();
    const memory = memoryStore({ clock });
    const renewed: string[] = [];
    const store: Store = {
      ...memory,
      renew: (leases) => {
        renewed.push(...leases.map(({ token }) => token));
        return memory.renew(leases);
      },
    };
    const cache = createCache({ store, clock, log: cacheLog(), random: () => 0 });
    const { gate, load, count } = gatedLoads();
    const first = read(cache, load);
    await gate.arrived();
    clock.advance(1501);
    const answers = [first, read(cache, load), read(cache, load)];
    await clock.sleep(1);
    return { clock, store, cache, gate, answers, count, renewed };
  };

  it('is joined by those who come then', async () => {
    const { answers, gate, cache, count } = await stoodStill();
    gate.open();
    expect(await Promise.all(answers)).toEqual([1, 1, 1]);
    expect(count()).toBe(1);
    expect(countersOf(cache)).toMatchObject({ misses: 1, joined: 2, loads: 1 });
  });

  it('keeps the lease that one of those was given, and gives it back', async () => {
    const { answers, gate, clock, store, renewed } = await stoodStill();
    for (let round = 0; round < 6; round += 1) {
      const before = renewed.length;
      clock.advance(500);
      await expect.poll(() => renewed.length).toBeGreaterThan(before);
    }
    expect((await store.acquire([leaseRequest(ADDRESS)]))[0]?.leased).toBe(false);
    gate.open();
    await Promise.all(answers);
    expect((await store.acquire([leaseRequest(ADDRESS)]))[0]?.leased).toBe(true);
  });

  it('gives back what it was given where it fails', async () => {
    const { first, clock, store } = processes(1);
    const gate = createGate();
    const failing = read(first, async () => {
      await gate.wait();
      throw new Error('the database is away');
    });
    await gate.arrived();
    clock.advance(1501);
    const joined = read(first, () => 'a load of its own');
    await clock.sleep(1);
    gate.open();
    await expect(failing).rejects.toThrow('the database is away');
    await expect(joined).rejects.toThrow('the database is away');
    expect((await store.acquire([leaseRequest(ADDRESS)]))[0]?.leased).toBe(true);
  });

  it('is waited for by those of its process who waited for another one before it began', async () => {
    const clock = manualClock();
    // Without wake-ups, so that the one who waits looks only when the clock goes on.
    const store: Store = { ...memoryStore({ clock }), watch: () => undefined };
    const cache = createCache({ store, clock, log: cacheLog(), random: () => 0 });
    const lease = await somebodyElse(store);
    const { gate, load } = gatedLoads();
    const waiting = read(cache, load);
    await clock.sleep(1);
    await store.release([lease]);
    const leading = read(cache, load);
    await gate.arrived();
    clock.advance(1501);
    await clock.sleep(1);
    gate.open();
    expect(await Promise.all([waiting, leading])).toEqual([1, 1]);
  });
});

/** A store that fails whatever it is asked. */
function failingStore(): Store {
  const fail = (): never => {
    throw new Error('away');
  };
  return { ...memoryStore(), read: fail, acquire: fail, fill: fail, invalidate: fail };
}

/** How many of twenty loads run at the same time where three may without a store. */
async function mostAtOnce(store: Store): Promise<number> {
  const cache = createCache({ store, log: cacheLog(), loads: { atMostWithoutStore: 3 } });
  const gate = createGate();
  let [running, most] = [0, 0];
  const load = async (): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await gate.wait();
    return running--;
  };
  const answers = Array.from({ length: 20 }, (_, at) => cache.fetch(`Row:${at}`, { ttl: 60 }, load));
  await gate.arrived();
  gate.open();
  await Promise.all(answers);
  return most;
}

describe('loads while the store is away', () => {
  it('are at most as many at the same time as was said', async () => {
    expect(await mostAtOnce(failingStore())).toBe(3);
  });

  it('are still one for each key', async () => {
    const cache = createCache({ store: failingStore(), log: cacheLog() });
    const { load, count } = countedLoads();
    await Promise.all([read(cache, load), read(cache, load), read(cache, load)]);
    expect(count()).toBe(1);
  });

  it('are never joined once they have begun: another process may have written since', async () => {
    const cache = createCache({ store: failingStore(), log: cacheLog() });
    const gate = createGate();
    let written = 'old';
    let running = 0;
    let most = 0;
    const load = async (): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      const seen = written;
      await gate.wait();
      running -= 1;
      return seen;
    };
    const before = read(cache, load);
    await gate.arrived();
    written = 'new';
    const after = [read(cache, load), read(cache, load)];
    gate.open();
    expect(await Promise.all([before, ...after])).toEqual(['old', 'new', 'new']);
    expect(most).toBe(1);
    expect(countersOf(cache)?.loads).toBe(2);
  });

  it('that make others themselves never wait for a place that they hold', async () => {
    const cache = createCache({ store: failingStore(), log: cacheLog(), loads: { atMostWithoutStore: 1 } });
    const inner = (at: number) => cache.fetch(`Inner:${at}`, { ttl: 60 }, () => Promise.resolve(at));
    const outer = [1, 2, 3].map((at) => cache.fetch(`Outer:${at}`, { ttl: 60 }, () => inner(at)));
    expect(await Promise.all(outer)).toEqual([1, 2, 3]);
  });
});

/** A store that cannot tell, of some keys and while a test says so, under which generations a load would begin. */
function partlyUnknown(of: string) {
  const memory = memoryStore();
  const state = { isUnknown: true, fills: 0, asked: 0 };
  const store: Store = {
    ...memory,
    acquire: async (requests) => {
      state.asked += 1;
      const acquired = await memory.acquire(requests);
      return acquired.map((one, index) =>
        state.isUnknown && requests[index]?.key.startsWith(of)
          ? { ...one, bytes: undefined, generations: undefined }
          : one,
      );
    },
    fill: (fills) => {
      state.fills += fills.length;
      return memory.fill(fills);
    },
  };
  return { store, memory, state };
}

describe('loads of an entry whose generations the store cannot tell', () => {
  it('are one at a time, joined by those who come before it begins, and stored by none', async () => {
    const { store, memory, state } = partlyUnknown('Report');
    const cache = createCache({ store, log: cacheLog() });
    const gate = createGate();
    let [running, most] = [0, 0];
    const load = async (): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      await gate.wait();
      return running--;
    };
    const answers = [read(cache, load)];
    await gate.arrived();
    for (let reader = 0; reader < 20; reader += 1) {
      answers.push(read(cache, load));
      const before = state.asked;
      await cache.fetch(`Beside:${reader}`, { ttl: 60 }, () => 'beside');
      expect(state.asked).toBeGreaterThan(before);
    }
    // The lease that came with the answer is not kept from others.
    expect((await memory.acquire([leaseRequest(ADDRESS)]))[0]?.leased).toBe(true);
    gate.open();
    await Promise.all(answers);
    expect(most).toBe(1);
    expect(countersOf(cache)).toMatchObject({ loads: 2, joined: 19 });
    await cache.close();
    expect(state.fills).toBe(20);
  });

  it('are bounded as while all of the store is away', async () => {
    expect(await mostAtOnce(partlyUnknown('Row').store)).toBe(3);
  });

  it('are not put off by another process that has the lease', async () => {
    const { store, memory, state } = partlyUnknown('Report');
    await somebodyElse(memory);
    state.isUnknown = false;
    const clock = manualClock();
    const cache = createCache({ store, clock, log: cacheLog(), random: () => 0 });
    const { gate, load, count } = gatedLoads();
    const waiting = read(cache, load);
    await expect.poll(() => state.asked).toBe(1);
    state.isUnknown = true;
    const first = read(cache, load);
    await gate.arrived();
    const second = read(cache, load);
    await expect.poll(() => state.asked).toBe(3);
    // The next look of the one that waits: it shares the load that has not begun.
    clock.advance(25);
    await expect.poll(() => state.asked).toBe(4);
    gate.open();
    await Promise.all([first, second, waiting]);
    expect(count()).toBe(2);
    await cache.close();
  });
});

describe('closing a cache', () => {
  it('does not wait for the loads of other processes', async () => {
    const { first, store } = processes(1);
    await somebodyElse(store);
    const { load } = countedLoads();
    const answer = read(first, load);
    await Promise.all([generationsFor(store, [ADDRESS]), first.close()]);
    expect(await answer).toBe('load 1');
  });
});

it.each([
  [{ leaseMs: 0 }, 'createCache: loads.leaseMs must be a positive whole number, but got 0'],
  [
    { waitAtMostMs: -1, atMostWithoutStore: 1.5 },
    'createCache: loads.waitAtMostMs must be a positive whole number, but got -1; ' +
      'loads.atMostWithoutStore must be a positive whole number, but got 1.5',
  ],
])('bounds of loads that bound nothing are refused: %o', (loads, message) => {
  expect(() => createCache({ store: memoryStore(), loads })).toThrow(message);
});
