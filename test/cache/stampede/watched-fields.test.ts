import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/cache/index.js';
import { createGate } from '../../support/gate.js';
import { manualClock } from '../../support/manual-clock.js';
import { leaseRequest } from '../../support/stores/generations-for.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const DEADLINE_MS = 30_000;
const CYCLE = /give one of the two a key of its own/;

async function ticks(): Promise<void> {
  for (let tick = 0; tick < 50; tick += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Users whose loads ask for nothing, until they are told to read something first. */
function users(atMost?: number, options: Partial<TestCacheOptions> = {}) {
  let reads: (id: number) => Promise<unknown> = () => Promise.resolve();
  const made = testCache({
    typeDefs: `
      type Query {
        user(id: Int!): String @cached(ttl: 60, key: "User:{args.id}")
        part(id: Int!): String @cached(ttl: 60)
      }
    `,
    ...options,
    ...(atMost === undefined ? {} : { loads: { atMost } }),
    resolvers: {
      Query: {
        user: async (_root, { id }) => {
          await reads(Number(id));
          return `user ${String(id)}`;
        },
        part: (_root, { id }) => `part ${String(id)}`,
      },
    },
  });
  const failureOf = async (id: number): Promise<string | undefined> =>
    (await made.query(`{ user(id: ${id}) }`)).result.errors?.[0]?.message;
  const readItself = (id: number): Promise<unknown> =>
    made.cache.fetch(`User:${id}`, { ttl: 60 }, () => 'never');
  return {
    ...made,
    failureOf,
    readItself,
    load: async (count: number) => {
      for (let id = 0; id < count; id += 1) expect(await failureOf(id)).toBeUndefined();
    },
    from: (read: typeof reads) => (reads = read),
  };
}

describe('loads of a field that have read no entry so far', () => {
  it('are watched once one of them has read one', async () => {
    const { failureOf, load, from, query, readItself } = users();
    from((id) => (id === 7 ? query('{ part(id: 1) }') : Promise.resolve()));
    await load(60);
    from(readItself);
    expect(await failureOf(60)).toMatch(CYCLE);
  });

  it('are watched once one of them has read one that was there already', async () => {
    const { failureOf, load, from, query, readItself } = users();
    await query('{ part(id: 1) }');
    from((id) => (id === 7 ? query('{ part(id: 1) }') : Promise.resolve()));
    await load(60);
    from(readItself);
    expect(await failureOf(60)).toMatch(CYCLE);
  });

  it('are watched from time to time', async () => {
    const { failureOf, load, from, query, readItself } = users();
    await load(200);
    from((id) => query(`{ part(id: ${id}) }`));
    for (let id = 200; id < 256; id += 1) await failureOf(id);
    from(readItself);
    expect(await failureOf(256)).toMatch(CYCLE);
  });

  it('are watched again after one of them hung, as one that waits for itself', async () => {
    const { failureOf, load, from, readItself, clock } = users();
    await load(60);
    from(readItself);
    const hung = failureOf(60);
    await ticks();
    clock.advance(DEADLINE_MS + 1);
    expect(await hung).toMatch(/took longer than loads.deadlineMs/);
    expect(await failureOf(61)).toMatch(CYCLE);
  });

  it('are watched where half of the places are taken', async () => {
    const gate = createGate();
    const { load, from, query } = users(2);
    await load(60);
    const part = async (id: number): Promise<unknown> => (await query(`{ part(id: ${id}) }`)).data;
    from(async () => {
      await gate.wait();
      await part(7);
    });
    const all = [100, 101].map((id) => query(`{ user(id: ${id}) }`));
    await gate.arrived();
    await ticks();
    gate.open();
    expect(await Promise.all(all)).toMatchObject([
      { data: { user: 'user 100' } },
      { data: { user: 'user 101' } },
    ]);
  });

  it('are watched within those that are', async () => {
    const { cache, failureOf, load, from, readItself } = users();
    await load(60);
    from(readItself);
    const outer = cache.fetch('Outer:1', { ttl: 60 }, () => failureOf(60));
    expect(await outer).toMatch(CYCLE);
  });

  it('are watched where a load that holds a place waits for them', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const { cache, from, failureOf, query } = users(1, { clock, store });
    const settings = (loaded: () => unknown): Promise<unknown> =>
      cache.fetch('Settings:1', { ttl: 60 }, loaded);
    for (let id = 100; id < 200; id += 1) await cache.fetch(`Settings:${id}`, { ttl: 60 }, () => id);
    // Another process loads them, and this one waits for that.
    const lease = leaseRequest({ key: 'Settings:1', tags: [] });
    await store.acquire([lease]);
    const outside = settings(async () => JSON.stringify((await query('{ part(id: 1) }')).data));
    await ticks();
    const gate = createGate();
    from(async () => {
      await gate.wait();
      await settings(() => 'not this one');
    });
    const holding = failureOf(1);
    await gate.arrived();
    gate.open();
    await ticks();
    await store.release([lease]);
    expect(await outside).toBe('{"part":"part 1"}');
    expect(await holding).toBeUndefined();
  });
});
