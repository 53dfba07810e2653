import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, memoryStore, type Store } from '../../../src/cache/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { withoutInvalidation } from '../../support/stores/planted-stores.js';
import { testCache, type TestContext } from '../../support/test-cache.js';
import { virtualClock } from '../../../src/cache/testing/index.js';

const typeDefs = `
  type Film { id: ID! title: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 3, swr: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    shelf: Int @cached(ttl: 60, tags: ["Shelf"])
  }
`;
const TOLD = 'error the cache answers with an entry that the database has superseded';

interface Film {
  readonly id: string;
  readonly title: string;
  readonly sold: bigint;
  readonly at: Date;
}

interface ProbedOptions {
  readonly plant?: (store: Store) => Store;
  readonly probe?: { everyMs?: number; afterMs?: readonly number[] };
  /** What the origin does before it answers. */
  readonly onLoad?: () => unknown;
}

/** A cache over films in memory whose writes are followed, in a time that the test owns. */
function probed({ plant = (store) => store, probe = {}, onLoad = () => undefined }: ProbedOptions = {}) {
  const clock = virtualClock();
  const films = new Map<string, Film>();
  const set = (id: string, changed: Partial<Film> = {}): void =>
    void films.set(id, { id, title: 'One', sold: 2n ** 60n, at: new Date(0), ...films.get(id), ...changed });
  const load = async (ids: readonly string[]): Promise<(Film | null)[]> => {
    const rows = ids.map((id) => films.get(id) ?? null);
    await onLoad();
    return rows;
  };
  const tested = testCache({
    typeDefs,
    store: plant(memoryStore({ clock })),
    clock,
    probe,
    resolvers: { Query: { shelf: () => 1 } },
    origins: { Film: { load } },
  });
  onTestFinished(() => tested.cache.close());
  set('1');
  const read = (id = '1') => tested.query(`{ film(id: "${id}") { title } }`);
  const told = (): string[] => tested.logged.filter((line) => line.startsWith(TOLD));
  return { ...tested, clock, films, set, read, told };
}

/** Where invalidations are acknowledged and not made, an entry is changed in the database and told of. */
async function superseded(changed: Partial<Film>, options: ProbedOptions = {}) {
  const all = probed({ plant: withoutInvalidation, ...options });
  await all.read();
  all.set('1', changed);
  await all.cache.invalidate(['Film:1']);
  return all;
}

describe('the prober', () => {
  it('goes on after calls of an origin that never ended', async () => {
    let hangs = false;
    const { cache, clock, read } = probed({
      probe: { everyMs: 1, afterMs: [1] },
      onLoad: () => (hangs ? new Promise(() => undefined) : undefined),
    });
    const write = async (): Promise<void> => {
      await cache.invalidate(['Film:1']);
      await read();
      hangs = true;
      await clock.pass(20);
      hangs = false;
    };
    for (let writes = 0; writes < 12; writes += 1) await write();
    await clock.pass(31_000);
    const before = cache.stats.probes()['Film']?.comparisons ?? 0;
    await cache.invalidate(['Film:1']);
    await read();
    await clock.pass(1000);
    expect(cache.stats.probes()['Film']?.comparisons).toBe(before + 1);
  });

  it('looks 0, 1 and 5 seconds after a write, and says nothing where the database agrees', async () => {
    const { cache, clock, read, set, told } = probed();
    await read();
    set('1', { title: 'Two' });
    await cache.invalidate(['Film:1']);
    await read();
    await clock.pass(0);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 1, comparisons: 1, inconsistencies: 0 } });
    await clock.pass(999);
    expect(cache.stats.probes()).toMatchObject({ Film: { probes: 1 } });
    await clock.pass(1);
    expect(cache.stats.probes()).toMatchObject({ Film: { probes: 2, comparisons: 2 } });
    await clock.pass(3999);
    expect(cache.stats.probes()).toMatchObject({ Film: { probes: 2 } });
    await read();
    await clock.pass(1);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 3, comparisons: 3, inconsistencies: 0 } });
    expect(told()).toEqual([]);
  });

  it('counts and logs an entry that the database has superseded, after 750 ms of asking again', async () => {
    const { cache, clock, logged, told } = await superseded({ title: 'Two' });
    await clock.pass(749);
    expect(cache.stats.probes()).toMatchObject({ Film: { inconsistencies: 0 } });
    await clock.pass(1);
    expect(cache.stats.probes()).toMatchObject({ Film: { inconsistencies: 1 } });
    expect(told()).toEqual([`${TOLD} {"namespace":"Film","ageMs":750}`]);
    expect(logged.join()).not.toMatch(/One|Two|Film:1/);
  });

  it.each([
    ['a bigint by one', { sold: 2n ** 60n + 1n }],
    ['a date by a millisecond', { at: new Date(1) }],
  ])('sees a row that differs in %s', async (_, changed) => {
    const { cache, clock } = await superseded(changed);
    await clock.pass(750);
    expect(cache.stats.probes()).toMatchObject({ Film: { inconsistencies: 1 } });
  });

  it('takes a row with its columns in another order for the same row', async () => {
    const { cache, clock, films } = await superseded({});
    films.set('1', { at: new Date(0), sold: 2n ** 60n, title: 'One', id: '1' });
    await clock.pass(2000);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 2, comparisons: 2, inconsistencies: 0 } });
  });

  it('counts a deleted row that is still served', async () => {
    const { cache, clock, films } = await superseded({});
    films.delete('1');
    await clock.pass(750);
    expect(cache.stats.probes()).toMatchObject({ Film: { inconsistencies: 1 } });
  });

  it('is not misled by somebody who goes on writing', async () => {
    let takes = 0;
    const { cache, clock, set } = await superseded({}, { onLoad: () => (takes += 1) });
    for (let step = 0; step < 30; step += 1) {
      set('1', { title: `Take ${step}` });
      await clock.pass(200);
    }
    expect(takes).toBeGreaterThan(3);
    expect(cache.stats.probes()).toMatchObject({ Film: { inconsistencies: 0 } });
  });

  it('is not misled by a write whose invalidation is on its way', async () => {
    const { cache, clock, read, set } = probed({ probe: { afterMs: [0] } });
    await cache.invalidate(['Film:1']);
    await read();
    set('1', { title: 'Two' });
    await clock.pass(700);
    await cache.invalidate(['Film:1']);
    await clock.pass(1000);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 1, comparisons: 1, inconsistencies: 0 } });
  });

  it('counts one entry that stays, and not one that is loaded again while it is being confirmed', async () => {
    const clock = virtualClock();
    // What readers are answered lags behind what the prober is.
    const titleFor = (context: TestContext): string => (context.whoIsThere === 'prober' ? 'Two' : 'One');
    const { cache, query } = testCache({
      typeDefs,
      store: memoryStore({ clock }),
      clock,
      backgroundContext: () => ({ whoIsThere: 'prober' }),
      probe: { afterMs: [0, 2000] },
      resolvers: { Query: { shelf: () => 1 } },
      origins: {
        Film: {
          load: (ids, context) => Promise.resolve(ids.map((id) => ({ id, title: titleFor(context) }))),
        },
      },
    });
    onTestFinished(() => cache.close());
    const reload = async (): Promise<void> => {
      await cache.invalidate(['Film:1']);
      await query('{ film(id: 1) { title } }');
    };
    await reload();
    await clock.pass(600);
    await reload();
    await clock.pass(1400);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 2, comparisons: 2, inconsistencies: 0 } });
    await clock.pass(750);
    expect(cache.stats.probes()).toMatchObject({ Film: { inconsistencies: 1 } });
  });

  it('allows what is old by time to differ', async () => {
    const { cache, clock } = await superseded({ title: 'Two' }, { probe: { afterMs: [0, 3500] } });
    await clock.pass(5000);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 2, comparisons: 1, inconsistencies: 1 } });
  });

  it('asks the origin nothing, and fills nothing, where there is no entry', async () => {
    let loads = 0;
    const { cache, clock, read } = probed({ onLoad: () => (loads += 1) });
    await read();
    await cache.invalidate(['Film:1']);
    await clock.pass(6000);
    expect(loads).toBe(1);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 3, comparisons: 0, inconsistencies: 0 } });
    expect((await read()).outcomes).toEqual(['Query.film MISS']);
  });

  it('does nothing while a write is being invalidated', async () => {
    let [isWriting, reads] = [false, 0];
    const { cache, clock, read } = probed({
      plant: (store) => ({ ...store, read: (places) => ((reads += isWriting ? 1 : 0), store.read(places)) }),
    });
    await read();
    isWriting = true;
    await cache.invalidate(['Film:1']);
    expect(reads).toBe(0);
    await clock.pass(0);
    expect(reads).toBe(1);
  });

  it('fails no write when the origin fails, says so without the row, and follows the next one', async () => {
    let isAway = false;
    const { cache, clock, logged, read } = probed({
      plant: withoutInvalidation,
      onLoad: () => {
        if (isAway) throw new Error('the database is away');
      },
    });
    await read();
    isAway = true;
    await cache.invalidate(['Film:1']);
    await clock.pass(1000);
    expect(logged).toEqual([
      'warn a write could not be probed {"namespace":"Film","error":"Error: the database is away"}',
    ]);
    isAway = false;
    await cache.invalidate(['Film:1']);
    await clock.pass(0);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 2, comparisons: 1, inconsistencies: 0 } });
  });

  it('follows at most one write in its interval, also when the clock is set back', async () => {
    const { cache, clock } = probed({ probe: { afterMs: [0] } });
    const write = async (): Promise<number | undefined> => {
      await cache.invalidate(['Film:1']);
      await clock.pass(0);
      return cache.stats.probes()['Film']?.probes;
    };
    expect([await write(), await write()]).toEqual([1, 1]);
    await clock.pass(1000);
    expect([await write(), await write()]).toEqual([2, 2]);
    clock.set(0);
    expect([await write(), await write()]).toEqual([3, 3]);
  });

  it('has at most eight loads under way, and close waits for none of them', async () => {
    const never = new Promise<void>(() => undefined);
    let hung = 0;
    let isHanging = false;
    const { cache, clock, read, set } = probed({
      plant: withoutInvalidation,
      probe: { everyMs: 1 },
      onLoad: () => (isHanging ? ((hung += 1), never) : undefined),
    });
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    for (const id of ids) {
      set(id);
      await read(id);
    }
    isHanging = true;
    for (const id of ids) {
      await cache.invalidate([`Film:${id}`]);
      await clock.pass(1);
    }
    expect(hung).toBe(8);
    await cache.close();
  });

  it('ends its waits when the cache is closed', async () => {
    const { cache, clock, read } = probed();
    await read();
    await cache.invalidate(['Film:1']);
    await clock.pass(10);
    await cache.close();
    await clock.pass(10_000);
    expect(cache.stats.probes()).toMatchObject({ Film: { probes: 1 } });
  });

  it('compares nothing that it cannot ask an origin for', async () => {
    const { cache, clock } = probed({ probe: { everyMs: 1 } });
    await cache.invalidate(['Shelf', 'Film', 'Film:', 'Film:%3a', 'Other:1', '']);
    await clock.pass(6000);
    expect(cache.stats.probes()).toEqual({ Film: { probes: 0, comparisons: 0, inconsistencies: 0 } });
  });

  it.each([
    ['a resolver stores as well', '@cached(ttl: 60, key: "Film:{args.id}")', ''],
    [
      'further tags decide about',
      '@cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}", tags: ["Shelf"])',
      ', tags: ["Shelf"]',
    ],
  ])('leaves entries alone that %s', async (_, second, moreOfTheFirst) => {
    const { cache } = testCache({
      typeDefs: `
        type Film { id: ID! title: String }
        type Query {
          film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}"${moreOfTheFirst})
          other(id: ID!): Film ${second}
        }
      `,
      probe: {},
      resolvers: { Query: { other: () => null } },
      origins: { Film: { load: (ids) => Promise.resolve(ids.map(() => null)) } },
    });
    onTestFinished(() => cache.close());
    expect(cache.stats.probes()).toEqual({});
  });

  it('refuses options that cannot be', () => {
    const make = (): unknown => createCache({ store: memoryStore(), probe: { everyMs: 0, afterMs: [5, 1] } });
    expect(make).toThrow(
      'createCache: probe.everyMs must be a positive whole number, but got 0; ' +
        'probe.afterMs must be milliseconds in rising order, but got [5, 1]',
    );
  });

  it('follows no write where it is not asked to', async () => {
    const { cache } = testCache({
      typeDefs,
      resolvers: { Query: { shelf: () => 1 } },
      origins: { Film: { load: () => Promise.resolve([]) } },
    });
    onTestFinished(() => cache.close());
    await cache.invalidate(['Film:1']);
    expect(cache.stats.probes()).toEqual({});
  });

  it('reports within ten seconds with its own delays, in real time', async () => {
    let title = 'One';
    const { cache, query } = testCache({
      typeDefs: typeDefs.replace('ttl: 3', 'ttl: 60'),
      clock: systemClock,
      probe: {},
      store: withoutInvalidation(memoryStore()),
      resolvers: { Query: { shelf: () => 1 } },
      origins: { Film: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, title }))) } },
    });
    onTestFinished(() => cache.close());
    await query('{ film(id: 1) { title } }');
    title = 'Two';
    await cache.invalidate(['Film:1']);
    const since = performance.now();
    await expect.poll(() => cache.stats.probes()['Film']?.inconsistencies, { timeout: 10_000 }).toBe(3);
    process.stdout.write(`three reports of the prober took ${Math.round(performance.now() - since)} ms\n`);
  });
});
