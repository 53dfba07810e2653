import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String, sold: Int }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    shelf: Int @cached(ttl: 60, tags: ["Shelf"])
  }
`;

/** An invalidation that is acknowledged and never made. */
function withoutInvalidation(store: Store): Store {
  return { ...store, invalidate: () => undefined };
}

/** A cache over films in memory, whose writes are all followed, on the machine's clock. */
function probed({ store = memoryStore(), afterMs = [0, 20] }: { store?: Store; afterMs?: number[] } = {}) {
  const films = new Map<string, { id: string; title: string; sold: bigint; at: Date }>();
  const set = (id: string, title: string): void =>
    void films.set(id, { id, title, sold: 2n ** 60n, at: new Date(0) });
  set('1', 'One');
  const clock = {
    nowMs: () => Date.now(),
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / 5).unref()),
  };
  let onLoad = (): void => undefined;
  const tested = testCache({
    typeDefs,
    store,
    clock,
    resolvers: { Query: { shelf: () => 1 } },
    origins: {
      Film: {
        load: (ids) => {
          onLoad();
          return Promise.resolve(ids.map((id) => films.get(id) ?? null));
        },
      },
    },
  });
  onTestFinished(() => tested.cache.close());
  tested.cache.probe({ context: () => ({}), everyMs: 1, afterMs });
  const whenLoaded = (then: () => void): void => {
    onLoad = then;
  };
  return { ...tested, films, set, whenLoaded };
}

describe('the prober', () => {
  it('says nothing where the cache answers what the database says', async () => {
    const { cache, query, set } = probed();
    await query('{ film(id: 1) { title } }');
    set('1', 'Two');
    await cache.invalidate(['Film:1']);
    await query('{ film(id: 1) { title } }');
    await expect.poll(() => cache.probed()).toEqual({ Film: { probes: 2, inconsistencies: 0 } });
  });

  it('counts and logs an entry that the database has overtaken', async () => {
    const { cache, query, set, logged } = probed({ store: withoutInvalidation(memoryStore()) });
    await query('{ film(id: 1) { title } }');
    set('1', 'Two');
    await cache.invalidate(['Film:1']);
    await expect.poll(() => cache.probed()['Film']?.inconsistencies, { timeout: 10_000 }).toBe(2);
    const told = logged.filter((line) =>
      line.includes('the cache answers with an entry that the database has overtaken'),
    );
    expect(told[0]).toMatch(/^error .* \{"namespace":"Film","ageMs":\d+\}$/);
    expect(logged.join()).not.toContain('Two');
  });

  it('counts a deleted row that is still served', async () => {
    const { cache, query, films } = probed({ store: withoutInvalidation(memoryStore()), afterMs: [0] });
    await query('{ film(id: 1) { title } }');
    films.delete('1');
    await cache.invalidate(['Film:1']);
    await expect.poll(() => cache.probed()['Film']?.inconsistencies, { timeout: 10_000 }).toBe(1);
  });

  it('is not misled by somebody who writes at the same time', async () => {
    const { cache, query, set, whenLoaded } = probed({
      store: withoutInvalidation(memoryStore()),
      afterMs: [0],
    });
    await query('{ film(id: 1) { title } }');
    let writes = 0;
    whenLoaded(() => set('1', `Take ${(writes += 1)}`));
    await cache.invalidate(['Film:1']);
    await expect.poll(() => writes).toBeGreaterThan(1);
    await cache.close();
    expect(cache.probed()).toEqual({ Film: { probes: 1, inconsistencies: 0 } });
  });

  it('compares nothing that it cannot ask an origin for', async () => {
    const { cache, query } = probed();
    await query('{ shelf }');
    await cache.invalidate(['Shelf', 'Film', 'Film:%3a', 'Other:1']);
    await cache.close();
    expect(cache.probed()).toEqual({});
  });

  it('follows at most one write in its interval', async () => {
    const { cache } = testCache({
      typeDefs,
      resolvers: { Query: { shelf: () => 1 } },
      origins: { Film: { load: (ids) => Promise.resolve(ids.map(() => null)) } },
    });
    cache.probe({ context: () => ({}), afterMs: [0] });
    for (let write = 0; write < 10; write += 1) await cache.invalidate([`Film:${write}`]);
    await cache.close();
    expect(cache.probed()).toEqual({ Film: { probes: 1, inconsistencies: 0 } });
  });

  it('reports within ten seconds with its own delays, in real time', async () => {
    const { cache, query } = testCache({
      typeDefs,
      clock: {
        nowMs: () => Date.now(),
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
      },
      store: withoutInvalidation(memoryStore()),
      resolvers: { Query: { shelf: () => 1 } },
      origins: {
        Film: {
          load: (ids) =>
            Promise.resolve(ids.map((id) => ({ id, title: `${performance.now() < changesAtMs}` }))),
        },
      },
    });
    onTestFinished(() => cache.close());
    const changesAtMs = performance.now() + 50;
    cache.probe({ context: () => ({}) });
    await query('{ film(id: 1) { title } }');
    await expect.poll(() => performance.now() > changesAtMs).toBe(true);
    await cache.invalidate(['Film:1']);
    const since = performance.now();
    await expect.poll(() => cache.probed()['Film']?.inconsistencies, { timeout: 10_000 }).toBeGreaterThan(0);
    process.stdout.write(`the prober reports after ${Math.round(performance.now() - since)} ms\n`);
  });
});
