import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type CacheOptions, type Store } from '../../../src/cache/index.js';
import { createGate, type Gate } from '../../support/gate.js';
import { losable } from '../../support/stores/losable-store.js';
import { testCache, type TestContext } from '../../support/test-cache.js';
import { virtualClock, type VirtualClock } from '../../../src/cache/testing/index.js';

const typeDefs = `
  type Query {
    chart(decade: Int, first: Int! = 10): [String!] @cached(ttl: 100, pattern: PREFETCH, tags: ["Film"])
  }
  type Mutation { rate: Int @invalidates(tags: ["Film"]) }
`;

interface Asked {
  readonly decade?: number;
  readonly first: number;
}

interface WarmedOptions extends Partial<CacheOptions<TestContext>> {
  readonly store?: Store;
  readonly fails?: () => boolean;
  readonly answer?: () => string;
  /** Where loads wait. */
  readonly waitsIn?: Gate;
  readonly clock?: VirtualClock;
}

/** A cache whose charts are kept warm, on a clock that the test owns; every load is written down. */
function warmed({
  fails = () => false,
  answer,
  waitsIn,
  clock = virtualClock(),
  ...options
}: WarmedOptions = {}) {
  const loads: string[] = [];
  const tested = testCache({
    typeDefs,
    resolvers: {
      Query: {
        chart: async (_root, { decade, first }: Asked) => {
          loads.push(`${decade ?? 'all'} ${first}`);
          await waitsIn?.wait();
          if (fails()) throw new Error('the database is away');
          if (answer !== undefined) return [answer()];
          return [`Best of ${decade ?? 'all'}`];
        },
      },
      Mutation: { rate: () => 1 },
    },
    store: memoryStore({ clock }),
    clock,
    warm: { 'Query.chart': () => [{}, { decade: 1990 }] },
    ...options,
  });
  onTestFinished(async () => {
    await Promise.all([tested.cache.close(), clock.pass(60_000)]);
  });
  const took = (): string[] => loads.splice(0);
  return { ...tested, clock, took };
}

describe('PREFETCH', () => {
  it('goes on with the last list where a list hangs, and warns once', async () => {
    let lists = 0;
    const { cache, clock, took, logged } = warmed({
      loads: { deadlineMs: 5000 },
      warm: {
        'Query.chart': () => {
          lists += 1;
          return lists === 2 || lists === 3 ? new Promise(() => undefined) : [{}];
        },
      },
    });
    await cache.start();
    await clock.pass(100);
    await cache.warm.ready();
    took();
    await clock.pass(400_000);
    expect(lists).toBeGreaterThan(4);
    expect(took().length).toBeGreaterThan(3);
    expect(logged.filter((line) => line.includes('warm list'))).toEqual([
      'warn the warm list could not be made: Error: warm["Query.chart"] took longer than loads.deadlineMs, which is 5000 {"coordinate":"Query.chart"}',
    ]);
  });

  it('is ready in time where what makes contexts hangs, and keeps warm once it does not', async () => {
    let contexts = 0;
    const { cache, clock, took } = warmed({
      backgroundContext: () => ((contexts += 1) < 4 ? new Promise(() => undefined) : {}),
    });
    await cache.start();
    let isReady = false;
    void cache.warm.ready().then(() => (isReady = true));
    await clock.pass(20_500);
    expect(isReady).toBe(true);
    await clock.pass(120_000);
    expect(took()).not.toEqual([]);
  });

  it('says nothing of what fails once the cache is being closed: a context, a list, a load', async () => {
    const context = createGate();
    const list = createGate();
    const load = createGate();
    const away = async (gate: Gate): Promise<never> => {
      await gate.wait();
      throw new Error('the database was closed');
    };
    const gates: [Gate, Partial<WarmedOptions>][] = [
      [context, { backgroundContext: () => away(context) }],
      [list, { warm: { 'Query.chart': () => away(list) } }],
      [load, { waitsIn: load }],
    ];
    for (const [gate, options] of gates) {
      const { cache, clock, logged } = warmed({ fails: () => true, ...options });
      await cache.start();
      await gate.arrived();
      const closing = cache.close();
      gate.open();
      await Promise.all([closing, clock.pass(60_000)]);
      expect(logged).toEqual([]);
    }
  });

  it('says what fails before that', async () => {
    const { cache, clock, logged } = warmed({
      warm: { 'Query.chart': () => Promise.reject(new Error('no films')) },
    });
    await cache.start();
    await clock.pass(1000);
    await cache.close();
    expect(logged).toEqual([
      'warn the warm list could not be made: Error: no films {"coordinate":"Query.chart"}',
    ]);
  });

  it('loads its warm list before a client asks, and the first read is a hit', async () => {
    const { cache, clock, took, query } = warmed();
    await cache.start();
    expect(cache.warm.isReady()).toBe(false);
    await clock.pass(1000);
    await cache.warm.ready();
    expect(cache.warm.isReady()).toBe(true);
    expect(took()).toEqual(['all 10', '1990 10']);
    expect((await query('{ chart(decade: 1990) }')).outcomes).toEqual(['Query.chart HIT']);
    expect((await query('{ chart }')).data).toEqual({ chart: ['Best of all'] });
    expect(took()).toEqual([]);
  });

  it('behaves as CACHE_ASIDE where an argument set is cold', async () => {
    const { cache, clock, took, query } = warmed({ warm: {} });
    await cache.start();
    await clock.pass(1000);
    expect((await query('{ chart(decade: 2000) }')).outcomes).toEqual(['Query.chart MISS']);
    expect((await query('{ chart(decade: 2000, first: 10) }')).outcomes).toEqual(['Query.chart HIT']);
    expect(took()).toEqual(['2000 10']);
  });

  it('refreshes before the entry expires, and no read waits for it', async () => {
    const { cache, clock, took, query } = warmed();
    await cache.start();
    await clock.pass(1000);
    took();
    await clock.pass(75_000);
    expect(took()).toEqual([]);
    await clock.pass(10_000);
    expect(took()).toEqual(['all 10', '1990 10']);
    await clock.pass(30_000);
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
  });

  it('loads again at once what a mutation invalidated, once for many mutations', async () => {
    const { cache, clock, took, query } = warmed();
    await cache.start();
    await clock.pass(1000);
    took();
    for (let write = 0; write < 5; write += 1) await query('mutation { rate }');
    await clock.pass(400);
    expect(took()).toEqual(['all 10', '1990 10']);
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
  });

  it('sets no more timers at a write after a long quiet time than after a short one', async () => {
    const clock = virtualClock();
    let timers = 0;
    const { cache, query } = warmed({
      clock: {
        ...clock,
        after: (ms, callback) => {
          timers += 1;
          return clock.after(ms, callback);
        },
        sleep: (ms) => {
          timers += 1;
          return clock.sleep(ms);
        },
      },
    });
    await cache.start();
    const atAWrite = async (quietMs: number): Promise<number> => {
      await clock.pass(quietMs);
      const before = timers;
      await query('mutation { rate }');
      return timers - before;
    };
    const afterAMinute = await atAWrite(60_000);
    expect(afterAMinute).toBeGreaterThan(0);
    expect(await atAWrite(3_600_000)).toBe(afterAMinute);
  });

  // When the second write comes: just after the cache is warm, in the middle of what wakes the two fields, about their next look.
  it.each([0, 20, 60, 110, 119, 121, 3879, 3890, 3990])(
    'makes up for a write that comes after %i ms, also where another process leads',
    async (afterMs) => {
      const typeDefs = `
        type Query {
          films: String @cached(ttl: 100, pattern: PREFETCH, tags: ["Film"])
          people: String @cached(ttl: 100, pattern: PREFETCH, tags: ["Person"])
        }
        type Mutation {
          film: Int @invalidates(tags: ["Film"])
          person: Int @invalidates(tags: ["Person"])
        }
      `;
      const resolvers = { Query: { films: () => 'films', people: () => 'people' } };
      const warm = { 'Query.films': () => [{}], 'Query.people': () => [{}] };
      const clock = virtualClock();
      const shared = { clock, store: memoryStore({ clock }), typeDefs, resolvers, warm };
      const leader = warmed(shared);
      await leader.cache.start();
      await leader.cache.warm.ready();
      await clock.pass(10);
      const { cache, query } = warmed(shared);
      await cache.start();
      await cache.warm.ready();
      await query('mutation { film }');
      await clock.pass(afterMs);
      await query('mutation { person }');
      await clock.pass(400);
      expect((await query('{ films people }')).outcomes).toEqual(['Query.films HIT', 'Query.people HIT']);
    },
  );

  /** Writes ten times a second, and counts how often all was loaded again by the engine itself. */
  async function refreshesUnderWrites(seconds: number, read?: string) {
    const made = warmed();
    const { cache, clock, took, query } = made;
    await cache.start();
    await clock.pass(1000);
    took();
    let loadedForReaders = 0;
    for (let second = 0; second < seconds; second += 0.1) {
      await query('mutation { rate }');
      await clock.pass(30);
      if (read !== undefined) {
        const { outcomes } = await query(read);
        loadedForReaders += outcomes.filter((outcome) => outcome.endsWith('MISS')).length;
      }
      await clock.pass(70);
    }
    return { ...made, refreshes: (took().length - loadedForReaders) / 2 };
  }

  it('leaves pauses between refreshes while writes go on without end', async () => {
    const { refreshes } = await refreshesUnderWrites(10, '{ chart a: chart(decade: 1990) }');
    expect(refreshes).toBeGreaterThanOrEqual(4);
    expect(refreshes).toBeLessThanOrEqual(11);
  });

  it('leaves longer ones where what it loads is ended before it is read, and has all warm soon after the last write', async () => {
    const { refreshes, clock, query, took } = await refreshesUnderWrites(60);
    expect(refreshes).toBeGreaterThanOrEqual(4);
    expect(refreshes).toBeLessThanOrEqual(8);
    await clock.pass(1800);
    took();
    expect((await query('{ chart a: chart(decade: 1990) }')).outcomes).toEqual([
      'Query.chart HIT',
      'Query.chart HIT',
    ]);
    expect(took()).toEqual([]);
    // It is read again, so that it is as quick as before after some writes.
    for (let write = 0; write < 6; write += 1) {
      await query('mutation { rate }');
      await clock.pass(20_000);
      await query('{ chart a: chart(decade: 1990) }');
    }
    await query('mutation { rate }');
    await clock.pass(400);
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
  });

  it('keeps warm what is asked for most lately, and forgets it when nobody asks any more', async () => {
    const { cache, clock, took, query } = warmed({ warm: {} });
    await cache.start();
    await clock.pass(1000);
    for (let read = 0; read < 3; read += 1) await query('{ chart(decade: 1970) }');
    await query('{ chart(decade: 1890) }');
    took();
    await clock.pass(85_000);
    expect(took()).toEqual(['1970 10']);
    await clock.pass(3_600_000);
    took();
    await clock.pass(200_000);
    expect(took()).toEqual([]);
  });

  it('has one leader for each field: two processes refresh once, and either goes on when the other stops', async () => {
    const clock = virtualClock();
    const shared = { ...memoryStore({ clock }), close: () => undefined };
    const loads: string[] = [];
    const one = (name: string) => {
      const tested = testCache({
        typeDefs,
        resolvers: { Query: { chart: () => [String(loads.push(name))] }, Mutation: { rate: () => 1 } },
        store: shared,
        clock,
        warm: { 'Query.chart': () => [{}] },
      });
      onTestFinished(async () => {
        await Promise.all([tested.cache.close(), clock.pass(60_000)]);
      });
      return tested;
    };
    const [first, second] = [one('first'), one('second')];
    await first.cache.start();
    await clock.pass(1000);
    await second.cache.start();
    await clock.pass(1000);
    expect(loads.splice(0)).toEqual(['first']);
    await clock.pass(200_000);
    expect(loads.splice(0)).toEqual(['first', 'first']);
    await Promise.all([first.cache.close(), clock.pass(5000)]);
    await clock.pass(160_000);
    expect(loads).toEqual(['second', 'second']);
  });

  it('never loads with the rights of a viewer', async () => {
    const clock = virtualClock();
    const tested = testCache({
      typeDefs,
      resolvers: {
        Query: { chart: (_root, _args, context) => [String(context.viewer?.id)] },
        Mutation: { rate: () => 1 },
      },
      store: memoryStore({ clock }),
      clock,
      warm: { 'Query.chart': () => [{}] },
    });
    onTestFinished(async () => {
      await Promise.all([tested.cache.close(), clock.pass(60_000)]);
    });
    await tested.cache.start();
    await clock.pass(1000);
    expect(tested.logged.join('\n')).toContain('its load read context.viewer');
    expect(tested.logged.join('\n')).toContain('an entry could not be kept warm');
  });

  it('loads nothing while the store is away, and goes on when it is back', async () => {
    const clock = virtualClock();
    const { store, state } = losable(memoryStore({ clock }));
    state.isAway = true;
    const loads: number[] = [];
    const { cache } = testCache({
      typeDefs,
      resolvers: { Query: { chart: () => [String(loads.push(1))] }, Mutation: { rate: () => 1 } },
      ...{ store, clock, warm: { 'Query.chart': () => [{}] } },
    });
    onTestFinished(async () => {
      await Promise.all([cache.close(), clock.pass(60_000)]);
    });
    await cache.start();
    await clock.pass(20_000);
    expect([loads, cache.warm.isReady()]).toEqual([[], true]);
    state.isAway = false;
    await clock.pass(2000);
    expect(loads).toEqual([1]);
  });

  it('backs off from loads that fail, says so once, and serves what it has', async () => {
    let isFailing = false;
    const { cache, clock, took, logged, query } = warmed({
      warm: { 'Query.chart': () => [{}] },
      fails: () => isFailing,
    });
    await cache.start();
    await clock.pass(1000);
    took();
    isFailing = true;
    await clock.pass(88_000);
    const tries = took().length;
    expect(tries).toBeGreaterThanOrEqual(2);
    expect(tries).toBeLessThanOrEqual(8);
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
    expect(logged.filter((line) => line.includes('could not be kept warm'))).toHaveLength(1);
    isFailing = false;
    await clock.pass(5000);
    expect(took()).toEqual(['all 10']);
  });

  it('backs off from loads whose value has become too large to store, and says so once', async () => {
    let length = 1;
    const { cache, clock, took, logged, query } = warmed({
      warm: { 'Query.chart': () => [{}] },
      answer: () => 'x'.repeat(length),
    });
    await cache.start();
    await clock.pass(1000);
    took();
    length = 200_000;
    await clock.pass(88_000);
    const tries = took().length;
    expect(tries).toBeGreaterThanOrEqual(2);
    expect(tries).toBeLessThanOrEqual(8);
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
    expect(logged.filter((line) => line.includes('kept warm'))).toEqual([
      'warn an entry could not be kept warm {"coordinate":"Query.chart","error":"Error: its value could not be stored"}',
    ]);
  });

  it('is not held up by a warm-up that takes too long', async () => {
    const gate = createGate();
    const clock = virtualClock();
    const { cache } = testCache({
      typeDefs,
      resolvers: {
        Query: { chart: () => gate.wait().then(() => ['late']) },
        Mutation: { rate: () => 1 },
      },
      ...{ store: memoryStore({ clock }), clock, warm: { 'Query.chart': () => [{}] } },
    });
    onTestFinished(async () => {
      gate.open();
      await Promise.all([cache.close(), clock.pass(60_000)]);
    });
    await cache.start();
    await clock.pass(9000);
    expect(cache.warm.isReady()).toBe(false);
    await clock.pass(2000);
    expect(cache.warm.isReady()).toBe(true);
  });

  it('leaves the work to other processes where it is switched off', async () => {
    const { cache, clock, took, query } = warmed({ prefetch: false });
    await cache.start();
    await clock.pass(200_000);
    expect([took(), cache.warm.isReady()]).toEqual([[], true]);
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart MISS']);
  });
});

describe('a warm list', () => {
  const lists: readonly [title: string, list: () => unknown, loads: readonly string[], says: string][] = [
    [
      'that throws',
      () => {
        throw new Error('no such table');
      },
      [],
      'could not be made',
    ],
    ['that is none', () => 'everything', [], 'must be a list of argument sets'],
    [
      'with wrong arguments among right ones',
      () => [{ decade: 'x' }, { first: null }, { genre: 'Drama' }, 7, { first: 3 }],
      ['all 3'],
      'an argument set that the field does not take',
    ],
    [
      'with 100,000 argument sets',
      () => Array.from({ length: 100_000 }, (_, first) => ({ first })),
      Array.from({ length: 5 }, (_, first) => `all ${first}`),
      'only the first 5',
    ],
  ];

  it.each(lists)('%s is told of once and does no harm', async (_title, list, loads, says) => {
    const { cache, clock, took, logged, query } = warmed({
      // What a person writes there is checked at run time.
      warm: { 'Query.chart': list as () => [] },
      prefetch: { warmSets: 5 },
    });
    await cache.start();
    await clock.pass(1000);
    expect(took()).toEqual(loads);
    await clock.pass(300_000);
    const told = logged.filter((line) => line.includes(says));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('Query.chart');
    expect((await query('{ chart(decade: 1980) }')).outcomes).toEqual(['Query.chart MISS']);
  });

  it('is kept within bounds that can be, all of which are checked at once', () => {
    expect(() => warmed({ prefetch: { atOnce: 0, mostAsked: -1, loadsPerSecond: 0.5 } })).toThrow(
      'createCache: prefetch.mostAsked must be a positive whole number, but got -1; ' +
        'prefetch.loadsPerSecond must be a positive whole number, but got 0.5; ' +
        'prefetch.atOnce must be a positive whole number, but got 0',
    );
    expect(() => warmed({ prefetch: { mostAsked: 0 } })).not.toThrow();
  });

  it('for a field that is not kept warm is refused at start', () => {
    expect(() => warmed({ warm: { 'Query.charts': () => [] } })).toThrow(
      'warm: Query.charts is not cached; give it @cached(pattern: PREFETCH), or remove its list from the options',
    );
  });
});
