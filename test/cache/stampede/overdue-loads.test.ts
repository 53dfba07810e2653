import { describe, expect, it } from 'vitest';
import { createCache, memoryStore, type Cache } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate, type Gate } from '../../support/gate.js';
import { losable } from '../../support/stores/losable-store.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const DEADLINE_MS = 30_000;
const PAST_MS = DEADLINE_MS + 1;
const OVERDUE = { code: 'CACHE_LOAD_OVERDUE' };

async function ticks(): Promise<void> {
  for (let tick = 0; tick < 50; tick += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A database one of whose tables answers only once the gate is open. */
function films(options: Partial<TestCacheOptions> = {}) {
  let gate: Gate | undefined = createGate();
  let stuckLoads = 0;
  const made = testCache({
    typeDefs: `
      type Query {
        stuck(id: ID!): String @cached(ttl: 60, key: "Stuck:{args.id}")
        film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}")
      }
    `,
    resolvers: {
      Query: {
        stuck: async (_root, { id }) => {
          stuckLoads += 1;
          await gate?.wait();
          return `stuck ${String(id)}`;
        },
        film: (_root, { id }) => `film ${String(id)}`,
      },
    },
    ...options,
  });
  const codeOf = async (asked: ReturnType<typeof made.query>): Promise<unknown> =>
    (await asked).result.errors?.[0]?.extensions['code'];
  return {
    ...made,
    stuck: (id: number) => made.query(`{ stuck(id: ${id}) }`),
    film: (id: number) => made.query(`{ film(id: ${id}) }`),
    codeOf,
    loads: () => stuckLoads,
    hangsNoMore: () => (gate = undefined),
    answers: () => gate?.open(),
    countersOf: (name: string) => made.cache.stats.counters()[`Query.${name}`],
  };
}

describe('a load that hangs', () => {
  it('leaves places to other fields, also where as many hang as may run', async () => {
    const { stuck, film, codeOf, cache, clock, countersOf, loads } = films();
    const hung = Array.from({ length: 64 }, (_, id) => stuck(id));
    await ticks();
    expect((await film(1)).data).toEqual({ film: 'film 1' });
    expect(loads()).toBe(48);
    clock.advance(PAST_MS);
    // One of those that waited for their turn tries, the others are told at once.
    await expect.poll(loads).toBe(49);
    clock.advance(PAST_MS);
    expect(new Set(await Promise.all(hung.map(codeOf)))).toEqual(new Set([OVERDUE.code]));
    expect(loads()).toBe(49);
    expect(countersOf('stuck')).toMatchObject({ overdueLoads: 49, failedLoads: 49, heldBackLoads: 15 });
    await cache.close();
  });

  it('gives its place back at its deadline, with a sentence for all who waited and one in the log', async () => {
    const { stuck, film, clock, cache, logged } = films({ loads: { atMost: 2 } });
    const hung = [stuck(1), stuck(1), stuck(2)];
    await ticks();
    const waiting = film(1);
    clock.advance(PAST_MS);
    expect((await waiting).data).toEqual({ film: 'film 1' });
    const errors = (await Promise.all(hung)).map(({ result }) => result.errors?.[0]);
    for (const error of errors) {
      expect(error?.message).toBe(
        'Query.stuck: a load took longer than loads.deadlineMs, which is 30000; try again in a moment.',
      );
      expect(error?.extensions).toEqual({ code: 'CACHE_LOAD_OVERDUE' });
    }
    expect(logged).toEqual([
      'error a load is past its deadline and is waited for no longer ' +
        '{"coordinate":"Query.stuck","deadlineMs":30000,"overdue":1,"hanging":1}',
    ]);
    await cache.close();
  });

  it('is too late with what it brings: that is neither stored nor counted, and what is newer stays', async () => {
    const { stuck, clock, cache, codeOf, countersOf, loads, ...database } = films();
    const [first, second] = [stuck(1), stuck(2)];
    await ticks();
    clock.advance(PAST_MS);
    await Promise.all([first, second].map(codeOf));
    database.answers();
    await ticks();
    expect(countersOf('stuck')).toMatchObject({ stored: 0, misses: 0, loadMs: 0, failedLoads: 2 });
    expect((await stuck(1)).outcomes).toEqual(['Query.stuck MISS']);
    expect((await stuck(1)).outcomes).toEqual(['Query.stuck HIT']);
    expect(loads()).toBe(3);
    await cache.close();
  });

  it('may do so a few times, then its field alone fails at once, but for one that tries at a time', async () => {
    const { stuck, film, clock, cache, codeOf, countersOf, loads } = films({ loads: { overdueAtMost: 3 } });
    for (const id of [1, 2, 3]) {
      const hung = stuck(id);
      await ticks();
      clock.advance(PAST_MS);
      expect(await codeOf(hung)).toBe(OVERDUE.code);
    }
    const trying = stuck(4);
    await ticks();
    const { result } = await stuck(5);
    expect(result.errors?.[0]?.message).toBe(
      'Query.stuck: 3 loads hang past loads.deadlineMs, so others do not begin until it is answered again; ' +
        'try again in a moment.',
    );
    expect(loads()).toBe(4);
    expect(countersOf('stuck')?.heldBackLoads).toBe(1);
    expect((await film(1)).data).toEqual({ film: 'film 1' });
    clock.advance(PAST_MS);
    expect(await codeOf(trying)).toBe(OVERDUE.code);
    await cache.close();
  });

  it('leaves its field as it was, once loads are answered again or the ones that hang have ended', async () => {
    const { stuck, clock, cache, codeOf, ...database } = films({ loads: { overdueAtMost: 2 } });
    const hung = [1, 2, 3, 4].map(stuck);
    await ticks();
    clock.advance(PAST_MS);
    await Promise.all(hung.map(codeOf));
    database.hangsNoMore();
    // Four hang: each answer takes half of them off.
    for (const id of [5, 6]) expect((await stuck(id)).data).toEqual({ stuck: `stuck ${id}` });
    const all = await Promise.all([8, 9, 10].map(stuck));
    expect(all.map(({ outcomes }) => outcomes)).toEqual(all.map(() => ['Query.stuck MISS']));
    await cache.close();
  });

  it('counts for its field no more once it has ended, however late', async () => {
    const { stuck, clock, cache, codeOf, ...database } = films({ loads: { overdueAtMost: 1 } });
    const hung = [1, 2, 3].map(stuck);
    await ticks();
    clock.advance(PAST_MS);
    await Promise.all(hung.map(codeOf));
    database.answers();
    await ticks();
    const all = await Promise.all([4, 5, 6].map(stuck));
    expect(all.map(({ outcomes }) => outcomes)).toEqual(all.map(() => ['Query.stuck MISS']));
    await cache.close();
  });

  it('gives its place back while the store is away as well', async () => {
    const { store, state } = losable(memoryStore());
    const { stuck, film, clock, cache, codeOf } = films({ store, loads: { atMostWithoutStore: 2 } });
    state.isAway = true;
    const hung = [1, 2].map(stuck);
    await ticks();
    const waiting = film(1);
    clock.advance(PAST_MS);
    expect(await Promise.all(hung.map(codeOf))).toEqual([OVERDUE.code, OVERDUE.code]);
    expect((await waiting).data).toEqual({ film: 'film 1' });
    await cache.close();
  });

  it('does not keep close() waiting past its deadline', async () => {
    const { stuck, clock, cache, codeOf } = films();
    const hung = stuck(1);
    await ticks();
    const closing = cache.close();
    clock.advance(PAST_MS);
    await closing;
    expect(await codeOf(hung)).toBe(OVERDUE.code);
  });

  it('of many ids of an origin is one, and each of them fails', async () => {
    const gate = createGate();
    const { query, cache, clock } = testCache({
      typeDefs: `
        type Query { films: [Film!]! }
        type Film { id: ID!, title: String @cached(ttl: 60, pattern: READ_THROUGH, key: "Title:{parent.id}") }
      `,
      resolvers: { Query: { films: () => [{ id: 1 }, { id: 2 }, { id: 3 }] } },
      origins: { Title: { load: (ids) => gate.wait().then(() => ids.map((id) => `title ${id}`)) } },
      loads: { overdueAtMost: 2 },
    });
    const hung = query('{ films { title } }');
    await gate.arrived();
    clock.advance(PAST_MS);
    const codes = (await hung).result.errors?.map(({ extensions }) => extensions['code']);
    expect(codes).toEqual([OVERDUE.code, OVERDUE.code, OVERDUE.code]);
    expect(cache.stats.counters()['Film.title']).toMatchObject({ loads: 1, overdueLoads: 1, stored: 0 });
    gate.open();
    await ticks();
    expect(cache.stats.counters()['Film.title']).toMatchObject({ loadMs: 0, stored: 0 });
    expect((await query('{ films { title } }')).outcomes).toEqual(Array(3).fill('Film.title MISS'));
    await cache.close();
  });

  it('keeps the others of a warm list cold no longer than its deadline', async () => {
    const gate = createGate();
    const { cache, clock, logged } = testCache({
      typeDefs:
        'type Query { chart(decade: Int): Int @cached(ttl: 60, pattern: PREFETCH, refreshEvery: 30) }',
      resolvers: {
        Query: { chart: (_root, { decade }) => (decade === 1 ? gate.wait() : decade) },
      },
      warm: { 'Query.chart': () => [{ decade: 1 }, { decade: 2 }] },
      prefetch: { atOnce: 1, warmUpWithinMs: 10_000_000 },
    });
    await cache.start();
    await gate.arrived();
    expect(cache.stats.counters()['Query.chart']?.stored).toBe(0);
    clock.advance(PAST_MS);
    await expect.poll(() => cache.stats.counters()['Query.chart']?.stored).toBe(1);
    expect(logged.some((line) => line.includes('an entry could not be kept warm'))).toBe(true);
    gate.open();
    await cache.close();
  });
});

describe('what cache.fetch loads and hangs', () => {
  /** A session that nineteen requests wait for. */
  function sessions() {
    const clock = manualClock();
    const cache = createCache({ store: memoryStore({ clock }), clock, log: cacheLog() });
    return { cache, clock };
  }
  const session = (cache: Cache<unknown>, load: () => unknown, options = {}): Promise<unknown> =>
    cache.fetch('Session:1', { ttl: 60, ...options }, load);

  it('fails for all who wait at its deadline, and the next one loads', async () => {
    const { cache, clock } = sessions();
    const gate = createGate();
    const all = Array.from({ length: 19 }, () => session(cache, () => gate.wait()));
    const settled = Promise.allSettled(all);
    await gate.arrived();
    clock.advance(PAST_MS);
    for (const one of await settled) expect(one).toMatchObject({ status: 'rejected', reason: OVERDUE });
    expect(cache.stats.counters()['cache.fetch Session']).toMatchObject({ overdueLoads: 1, loads: 1 });
    expect(await session(cache, () => 'Ada')).toBe('Ada');
    gate.open();
    await ticks();
    expect(await session(cache, () => 'nobody')).toBe('Ada');
    await cache.close();
  });

  it('is answered with what is old by time where staleIfError allows it, at its deadline and after it', async () => {
    const { cache, clock } = sessions();
    const options = { ttl: 1, staleIfError: 3600 };
    await session(cache, () => 'Ada', options);
    clock.advance(2000);
    const gate = createGate();
    const waiting = session(cache, () => gate.wait(), options);
    await gate.arrived();
    clock.advance(PAST_MS);
    expect(await waiting).toBe('Ada');
    expect(await session(cache, () => gate.wait(), options)).toBe('Ada');
    await cache.close();
  });

  it('can be refreshed again afterwards', async () => {
    const { cache, clock } = sessions();
    const options = { ttl: 1, swr: 3600 };
    await session(cache, () => 'old', options);
    clock.advance(2000);
    const gate = createGate();
    expect(await session(cache, () => gate.wait(), options)).toBe('old');
    await gate.arrived();
    clock.advance(PAST_MS);
    await expect.poll(() => cache.stats.counters()['cache.fetch Session']?.overdueLoads).toBe(1);
    // After the pause that follows each failure.
    clock.advance(5000);
    await expect.poll(() => session(cache, () => 'new', options)).toBe('new');
    await cache.close();
  });

  it('fails for a reader who loads alone, as what was joined is for one reader only', async () => {
    const { cache, clock } = sessions();
    const [first, own] = [createGate(), createGate()];
    const leading = session(cache, () => first.wait().then(() => () => 'a function'));
    const joining = session(cache, () => own.wait()).catch((error: unknown) => error);
    await first.arrived();
    first.open();
    await leading;
    await own.arrived();
    clock.advance(PAST_MS);
    expect(await joining).toMatchObject(OVERDUE);
    await cache.close();
  });

  it('holds back its namespace alone', async () => {
    const { cache, clock } = sessions();
    const gate = createGate();
    const hung = Array.from({ length: 8 }, (_, id) =>
      cache.fetch(`Report:${id}`, { ttl: 60 }, () => gate.wait()),
    );
    const settled = Promise.allSettled(hung);
    await gate.arrived();
    clock.advance(PAST_MS);
    await settled;
    const trying = session(cache, () => gate.wait());
    const report = cache.fetch('Report:8', { ttl: 60 }, () => gate.wait());
    const both = Promise.allSettled([trying, report]);
    await ticks();
    await expect(cache.fetch('Report:9', { ttl: 60 }, () => 1)).rejects.toMatchObject(OVERDUE);
    expect(await cache.fetch('Session:2', { ttl: 60 }, () => 2)).toBe(2);
    gate.open();
    await both;
    await cache.close();
  });
});

describe('a write that hangs', () => {
  it('is not given up, since it may commit: it is invalidated and acknowledged when it ends', async () => {
    const gate = createGate();
    let title = 'old';
    const { cache, clock, query } = testCache({
      typeDefs: `
        type Query { title: String @cached(ttl: 3600, key: "Film:1") }
        type Mutation { rename: String @invalidates(tags: ["Film:1"]) }
      `,
      resolvers: {
        Query: { title: () => title },
        Mutation: { rename: () => gate.wait().then(() => (title = 'new')) },
      },
      loads: { atMost: 1 },
    });
    await query('{ title }');
    const writing = query('mutation { rename }');
    await gate.arrived();
    clock.advance(2 * PAST_MS);
    await ticks();
    expect((await query('{ title }')).outcomes).toEqual(['Query.title HIT']);
    gate.open();
    expect((await writing).data).toEqual({ rename: 'new' });
    expect((await query('{ title }')).data).toEqual({ title: 'new' });
    await cache.close();
  });
});
