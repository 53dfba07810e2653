import { describe, expect, it } from 'vitest';
import { createCache, memoryStore, type Cache, type Store } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate } from '../../support/gate.js';
import { leaseRequest } from '../../support/stores/generations-for.js';
import { losable } from '../../support/stores/losable-store.js';
import { testCache } from '../../support/test-cache.js';

const SETTINGS = 'Settings:1';

/** A store that fails whatever it is asked. */
function failingStore(): Store {
  const fail = (): never => {
    throw new Error('away');
  };
  return { ...memoryStore(), read: fail, acquire: fail, fill: fail, invalidate: fail };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function ticks(count = 20): Promise<void> {
  for (let index = 0; index < count; index += 1) await tick();
}

/** Two loads hold both places; then code outside of them wants the settings, and then each of the two does as well. */
async function allWantOneThing(cache: Cache<unknown>): Promise<{ answers: unknown[]; loads: number }> {
  const gate = createGate();
  let loads = 0;
  const settings = (): Promise<unknown> =>
    cache.fetch(SETTINGS, { ttl: 60 }, () => Promise.resolve((loads += 1)));
  const holding = ['a', 'b'].map((name) =>
    cache.fetch(`Page:${name}`, { ttl: 60 }, async () => {
      await gate.wait();
      return settings();
    }),
  );
  await gate.arrived();
  await ticks();
  const outside = settings();
  await ticks();
  expect(loads).toBe(0);
  gate.open();
  return { answers: await Promise.all([...holding, outside]), loads };
}

describe('a load that holds a place, and waits for another', () => {
  const loads = { atMostWithoutStore: 2 };

  it('has that one begin where it is queued while the store is away', async () => {
    const cache = createCache({ store: failingStore(), log: cacheLog(), loads });
    expect(await allWantOneThing(cache)).toEqual({ answers: [1, 1, 1], loads: 1 });
  });

  it('has that one begin where it is queued soon after the store is back', async () => {
    const { store, state } = losable(memoryStore());
    const cache = createCache({ store, log: cacheLog(), loads });
    state.isAway = true;
    await cache.fetch('Any:1', { ttl: 60 }, () => 1);
    state.isAway = false;
    expect(await allWantOneThing(cache)).toEqual({ answers: [1, 1, 1], loads: 1 });
  });

  it('has that one begin that waited for another process when the load came', async () => {
    const memory = memoryStore();
    const { store, state } = losable(memory);
    const cache = createCache({ store, log: cacheLog(), loads: { atMostWithoutStore: 1 } });
    state.isAway = true;
    await cache.fetch('Any:1', { ttl: 60 }, () => 1);
    state.isAway = false;
    const lease = leaseRequest({ key: SETTINGS, tags: [] });
    await memory.acquire([lease]);
    const settings = (): Promise<unknown> => cache.fetch(SETTINGS, { ttl: 60 }, () => 'settings');
    const outside = settings();
    const gate = createGate();
    const holding = cache.fetch('Page:1', { ttl: 60 }, async () => {
      await gate.wait();
      return settings();
    });
    await gate.arrived();
    gate.open();
    await ticks();
    await memory.release([lease]);
    expect(await Promise.all([holding, outside])).toEqual(['settings', 'settings']);
  });

  const typeDefs = `
    type Query {
      page(id: Int!): String @cached(ttl: 60)
      part(id: Int!): String @cached(ttl: 60)
    }
  `;

  /** Pages that hold all places at first, and of which each makes what `load` says once the gate is open. */
  function pages(load: (id: number, part: (id: number) => Promise<unknown>) => unknown) {
    const gate = createGate();
    const parts: number[] = [];
    const tested = testCache({
      typeDefs,
      loads: { atMost: 2 },
      resolvers: {
        Query: {
          page: async (_root, { id }) => {
            await gate.wait();
            return load(Number(id), part);
          },
          part: (_root, { id }) => `part ${parts.push(Number(id))}`,
        },
      },
    });
    const part = async (id: number): Promise<unknown> => (await tested.query(`{ part(id: ${id}) }`)).data;
    const page = async (id: number): Promise<unknown> => (await tested.query(`{ page(id: ${id}) }`)).data;
    return { ...tested, gate, page, part, parts };
  }

  it('makes a field that it executes itself, also where fields hold all places', async () => {
    const { gate, page } = pages(async (id, part) => JSON.stringify(await part(id)));
    const all = [page(1), page(2)];
    await gate.arrived();
    gate.open();
    expect(await Promise.all(all)).toHaveLength(2);
  });

  it('has a field begin that waits for its turn', async () => {
    const { gate, page, part, parts } = pages(async (_id, load) => JSON.stringify(await load(7)));
    const all = [page(1), page(2)];
    await gate.arrived();
    const outside = part(7);
    await ticks();
    expect(parts).toEqual([]);
    gate.open();
    const answer = { part: 'part 1' };
    const text = { page: JSON.stringify(answer) };
    expect(await Promise.all([...all, outside])).toEqual([text, text, answer]);
  });

  it('has a field begin that what it waits for is waiting for', async () => {
    const wanted = createGate();
    const settings = (): Promise<unknown> =>
      made.cache.fetch(SETTINGS, { ttl: 60 }, async () => {
        wanted.open();
        return made.part(7);
      });
    const made = pages(async () => JSON.stringify(await settings()));
    const all = [made.page(1), made.page(2)];
    await made.gate.arrived();
    const outside = settings();
    await wanted.wait();
    await ticks();
    expect(made.parts).toEqual([]);
    made.gate.open();
    await Promise.all([...all, outside]);
    expect(made.parts).toEqual([7]);
  });
});

describe('a load that comes to wait for itself', () => {
  const cycle = (reader: string, load: string): object => ({
    code: 'CACHE_LOAD_CYCLE',
    message:
      `${reader}: this read is a part of the load of ${load}, and would wait for that load to end, as it is for the same ` +
      'entry; give one of the two a key of its own, or let the load ask the origin itself.',
  });
  const failureOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

  const stores: readonly [title: string, store: () => Store][] = [
    ['as always', () => memoryStore()],
    ['while the store is away', failingStore],
  ];

  it.each(stores)(
    'fails at once where a field and code in its resolver have one key, %s',
    async (_title, store) => {
      const failures: unknown[] = [];
      const tested = testCache({
        typeDefs: 'type Query { user(id: Int!): String @cached(ttl: 60, key: "U:{args.id}") }',
        store: store(),
        resolvers: {
          Query: {
            user: (_root, { id }) =>
              tested.cache
                .fetch(`U:${String(id)}`, { ttl: 60 }, () => 'Ann')
                .catch((error: unknown) => {
                  failures.push(error);
                  throw error;
                }),
          },
        },
      });
      const { result } = await tested.query('{ user(id: 1) }');
      expect(result.errors?.[0]?.message).toContain('give one of the two a key of its own');
      expect(failures).toMatchObject([cycle('cache.fetch U', 'Query.user')]);
    },
  );

  it.each(stores)('fails at once, over others as well, %s', async (_title, store) => {
    const cache = createCache({ store: store(), log: cacheLog() });
    const a = (): Promise<unknown> => cache.fetch('A:1', { ttl: 60 }, b);
    const b = (): Promise<unknown> => cache.fetch('B:1', { ttl: 60 }, a);
    expect(await failureOf(a())).toMatchObject(cycle('cache.fetch A', 'cache.fetch A'));
  });

  it('fails at once where two loads wait for each other', async () => {
    const cache = createCache({ store: memoryStore(), log: cacheLog() });
    const gate = createGate();
    const wants = (own: string, other: string): Promise<unknown> =>
      cache.fetch(own, { ttl: 60 }, async () => {
        await gate.wait();
        return cache.fetch(other, { ttl: 60 }, () => 'never');
      });
    const both = [wants('A:1', 'B:1'), wants('B:1', 'A:1')].map(failureOf);
    await ticks();
    gate.open();
    const [first, second] = await Promise.all(both);
    expect(second).toBe(first);
    expect(first).toMatchObject(cycle('cache.fetch A', 'cache.fetch A'));
  });

  it('fails at once where one of two has waited for another process before', async () => {
    // None is woken: who waits has looked last before the other load began.
    const store: Store = { ...memoryStore(), watch: () => undefined };
    const cache = createCache({ store, log: cacheLog() });
    const lease = leaseRequest({ key: 'A:1', tags: [] });
    await store.acquire([lease]);
    const a = (): Promise<unknown> => cache.fetch('A:1', { ttl: 60 }, b);
    const b = (): Promise<unknown> => cache.fetch('B:1', { ttl: 60 }, a);
    const waiting = failureOf(b());
    await ticks();
    await store.release([lease]);
    expect(await failureOf(a())).toMatchObject(cycle('cache.fetch A', 'cache.fetch A'));
    expect(await waiting).toMatchObject({ code: 'CACHE_LOAD_CYCLE' });
  });

  it('is told from a refresh behind it, which no load waits for', async () => {
    const { cache, clock } = testCache({ typeDefs: 'type Query { nothing: Int }' });
    const gate = createGate();
    const inner = (): Promise<unknown> =>
      cache.fetch('Inner:1', { ttl: 10, swr: 60 }, async () => `${String(await outer())} again`);
    const outer = (): Promise<unknown> =>
      cache.fetch('Outer:1', { ttl: 60 }, async () => {
        const stale = await inner();
        await gate.wait();
        return stale;
      });
    await cache.fetch('Inner:1', { ttl: 10, swr: 60 }, () => 'first');
    clock.advance(11_000);
    const answer = outer();
    await gate.arrived();
    await ticks();
    gate.open();
    expect(await answer).toBe('first');
    await expect.poll(() => inner()).toBe('first again');
    await cache.close();
  });

  it('is told from code that goes on after the load has ended', async () => {
    const cache = createCache({ store: memoryStore(), log: cacheLog() });
    const gate = createGate();
    let later: Promise<unknown> = Promise.resolve();
    const read = (): Promise<unknown> =>
      cache.fetch('A:1', { ttl: 60 }, () => {
        later = gate.wait().then(() => cache.fetch('A:1', { ttl: 60 }, () => 'anew'));
        return 'first';
      });
    expect(await read()).toBe('first');
    await cache.invalidate(['A:1']);
    gate.open();
    expect(await later).toBe('anew');
  });
});
