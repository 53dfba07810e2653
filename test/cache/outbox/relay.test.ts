import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Outbox, type Store } from '../../../src/cache/index.js';
import { createGate } from '../../support/gate.js';
import { expectTime, tookMs } from '../../support/run/expect-time.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    shelf: [Int] @cached(ttl: 60, tags: ["Shelf"])
  }
  type Mutation {
    write(id: ID!): Boolean
    rename(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
  }
`;

/** A cache that relays an outbox, over a database in which a film is a number that writes raise. */
function relayed(options: Partial<TestCacheOptions> = {}, rows = memoryOutbox()) {
  let [title, runs] = [1, 0];
  let onCommit = (): void => undefined;
  const tested = testCache({
    typeDefs,
    outbox: rows.outbox(),
    clock: systemClock,
    resolvers: {
      Query: { shelf: () => [title] },
      Mutation: {
        write: (_, { id }) => {
          title += 1;
          rows.commit([`Film:${String(id)}`, 'Shelf'], false);
          onCommit();
          return true;
        },
        rename: () => {
          runs += 1;
          title += 1;
          return true;
        },
      },
    },
    origins: { Film: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, title: `${title}` }))) } },
    ...options,
  });
  onTestFinished(() => tested.cache.close());
  const titleOf = async (id: string): Promise<unknown> => {
    const { data } = await tested.query(`{ film(id: ${id}) { title } }`);
    return Number(Reflect.get(Object(Reflect.get(Object(data), 'film')), 'title'));
  };
  const start = (): Promise<void> => tested.cache.start();
  /** Somebody writes without this cache. */
  const writeElsewhere = (isHeard = true): void => {
    title += 1;
    rows.commit(['Film:1'], isHeard);
  };
  const afterCommit = (then: () => void): void => {
    onCommit = then;
  };
  return { ...tested, rows, start, titleOf, writeElsewhere, runs: () => runs, afterCommit };
}

/** A memory store that refuses what is asked of it while it is away. */
function losable(): { store: Store; isAway: (away: boolean) => void } {
  const inner = memoryStore();
  let away = false;
  const guarded =
    <Arguments extends unknown[], Answer>(operation: (...given: Arguments) => Answer) =>
    (...given: Arguments): Answer => {
      if (away) throw new Error('the store is away');
      return operation(...given);
    };
  return {
    isAway: (is) => {
      away = is;
    },
    store: {
      ...inner,
      isAway: () => away,
      read: guarded(inner.read),
      acquire: guarded(inner.acquire),
      fill: guarded(inner.fill),
      invalidate: guarded(inner.invalidate),
      confirm: async () => guarded(() => Promise.resolve())(),
      forget: guarded(inner.forget),
    },
  };
}

describe('the relay', () => {
  it('applies what somebody else has committed, as soon as it is told', async () => {
    const { start, titleOf, writeElsewhere, rows, cache } = relayed();
    await start();
    expect(await titleOf('1')).toBe(1);
    writeElsewhere();
    const heardMs = await tookMs(() => expect.poll(() => titleOf('1'), { interval: 2 }).toBe(2));
    await expect.poll(() => rows.undone).toEqual([]);
    expect(cache.stats.relay()).toMatchObject({ rows: 1, lastLagMs: 1 });
    expectTime(heardMs).toBeLessThan(200);
  });

  it('finds what it was not told of by looking from time to time', async () => {
    const { start, titleOf, writeElsewhere } = relayed();
    await start();
    await titleOf('1');
    writeElsewhere(false);
    expectTime(await tookMs(() => expect.poll(() => titleOf('1')).toBe(2))).toBeLessThan(1000);
  });

  it('applies what waits already before it begins', async () => {
    const { start, titleOf, writeElsewhere, rows } = relayed();
    await rows.outbox().register();
    expect(await titleOf('1')).toBe(1);
    writeElsewhere(false);
    await start();
    expect(rows.undone).toEqual([]);
    expect(await titleOf('1')).toBe(2);
  });

  it('forgets everything where nobody wrote rows for its store before', async () => {
    const { cache, rows, titleOf, start } = relayed();
    await titleOf('1');
    await start();
    expect(cache.stats.counters()['Query.film']).toMatchObject({ loads: 1 });
    await titleOf('1');
    expect(cache.stats.counters()['Query.film']).toMatchObject({ loads: 2, hits: 0 });
    expect(cache.stats.relay().forgotten).toMatchObject({ start: 1, absence: 0 });
    rows.forgetStore();
    await expect
      .poll(async () => {
        await titleOf('1');
        return cache.stats.counters()['Query.film']?.loads;
      })
      .toBe(3);
    expect(cache.stats.relay().forgotten).toEqual({ start: 1, absence: 1, write: 0, backlog: 0, gap: 0 });
  });

  it('keeps what is there, where rows were written for its store all the time', async () => {
    const { cache, rows, titleOf, start } = relayed();
    await rows.outbox().register();
    await titleOf('1');
    await start();
    await titleOf('1');
    expect(cache.stats.counters()['Query.film']).toMatchObject({ loads: 1, hits: 1 });
  });

  it('goes on when the database answers again', async () => {
    const { start, titleOf, writeElsewhere, rows, logged } = relayed();
    await start();
    await titleOf('1');
    rows.answers(false);
    writeElsewhere();
    await expect.poll(() => logged.join()).toContain('the outbox could not be relayed; it is tried again');
    expect(await titleOf('1')).toBe(1);
    rows.answers(true);
    expectTime(await tookMs(() => expect.poll(() => titleOf('1')).toBe(2))).toBeLessThan(1000);
  });
});

describe('a mutation', () => {
  it('without a directive is acknowledged after what triggers wrote is applied', async () => {
    const { start, titleOf, query, cache } = relayed();
    await start();
    expect(await titleOf('1')).toBe(1);
    await query('{ shelf }');
    expect((await query('mutation { write(id: 1) }')).data).toEqual({ write: true });
    expect(await titleOf('1')).toBe(2);
    expect((await query('{ shelf }')).data).toEqual({ shelf: [2] });
    expect(cache.stats.counters()['Mutation.write']).toMatchObject({ boundedWrites: 0 });
  });

  it('waits for the relay of another process that has its rows in its hands', async () => {
    const { start, query, rows, cache, afterCommit } = relayed();
    await start();
    const committed = createGate();
    let taken = rows.takeAway();
    afterCommit(() => {
      taken = rows.takeAway();
      void committed.wait();
    });
    let isAnswered = false;
    const written = query('mutation { write(id: 1) }').then(() => (isAnswered = true));
    await committed.arrived();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isAnswered).toBe(false);
    taken.end(true);
    await written;
    expect(cache.stats.counters()['Mutation.write']).toMatchObject({ boundedWrites: 0 });
  });

  it('waits as well for the row that stands for its own, which another process has dropped', async () => {
    const rows = memoryOutbox().outbox();
    const [own, standsForAll] = [{ elsewhere: ['1'] }, { elsewhere: ['2'], forgetting: ['2'] }];
    let [looks, isCommitted, isForgotten] = [0, false, false];
    const { start, query, afterCommit, cache } = relayed({
      outbox: {
        ...rows,
        relay: (apply) => {
          if (!isCommitted || isForgotten) return rows.relay(apply);
          looks += 1;
          return Promise.resolve({ done: [], isKnown: true, ...(looks === 1 ? own : standsForAll) });
        },
      },
    });
    await start();
    afterCommit(() => (isCommitted = true));
    let isAnswered = false;
    const written = query('mutation { write(id: 1) }').then(() => (isAnswered = true));
    await expect.poll(() => looks).toBeGreaterThan(3);
    expect(isAnswered).toBe(false);
    isForgotten = true;
    await written;
    expect(cache.stats.counters()['Mutation.write']).toMatchObject({ boundedWrites: 0 });
  });

  it('that could not invalidate is written down, and applied once the store is back', async () => {
    const { store, isAway } = losable();
    const { start, query, titleOf, rows, cache, logged } = relayed({ store });
    await start();
    await titleOf('1');
    isAway(true);
    expect((await query('mutation { rename(id: 1) }')).data).toEqual({ rename: true });
    expect(cache.stats.counters()['Mutation.rename']).toMatchObject({
      boundedWrites: 1,
      failedInvalidations: 1,
    });
    expect(rows.undone).toEqual([['Film:1']]);
    expect(logged.join()).toContain('an invalidation could not be applied in time');
    isAway(false);
    const seenMs = await tookMs(() => expect.poll(() => titleOf('1')).toBe(2));
    await expect.poll(() => rows.undone).toEqual([]);
    expectTime(seenMs).toBeLessThan(1000);
  });

  it('that can be written down nowhere has everything forgotten, though the store is back before that is known', async () => {
    const { store, isAway } = losable();
    const rows = memoryOutbox();
    const refused = createGate();
    const add = (): Promise<never> => refused.wait().then(() => Promise.reject(new Error('no database')));
    const { start, query, titleOf, cache } = relayed({ store, outbox: { ...rows.outbox(), add } });
    await start();
    await titleOf('1');
    isAway(true);
    const renamed = query('mutation { rename(id: 1) }');
    await refused.arrived();
    isAway(false);
    refused.open();
    await renamed;
    expect(await titleOf('1')).toBe(2);
    expect(cache.stats.counters()['Mutation.rename']).toMatchObject({ boundedWrites: 1 });
    expect(cache.stats.relay().forgotten).toMatchObject({ write: 1 });
  });

  it('does not wait in an outage in which nothing is relayed, until something is again', async () => {
    const { store, isAway } = losable();
    const { start, query, rows, cache } = relayed({ store });
    await start();
    const rename = (): Promise<number> => tookMs(() => query('mutation { rename(id: 1) }'));
    isAway(true);
    expect(await rename()).toBeGreaterThan(250);
    expectTime(await rename()).toBeLessThan(150);
    expect(cache.stats.counters()['Mutation.rename']).toMatchObject({ boundedWrites: 2 });
    isAway(false);
    await expect.poll(() => rows.undone).toEqual([]);
    await rename();
    expect(cache.stats.counters()['Mutation.rename']).toMatchObject({ boundedWrites: 2, invalidations: 1 });
  });

  it('is refused before its resolver runs where the loss of the store must not be survived', async () => {
    const { store, isAway } = losable();
    const { start, query, runs } = relayed({ store, onStoreLoss: 'fail' });
    await start();
    isAway(true);
    const { result } = await query('mutation { rename(id: 1) }');
    expect(result.errors?.[0]).toMatchObject({
      message:
        'Mutation.rename was refused and nothing was changed, because the cache cannot be reached; try again later.',
      extensions: { code: 'CACHE_UNAVAILABLE' },
    });
    expect(runs()).toBe(0);
    // It declares nothing that is cached.
    expect((await query('mutation { write(id: 1) }')).data).toEqual({ write: true });
    isAway(false);
    expect((await query('mutation { rename(id: 1) }')).data).toEqual({ rename: true });
  });
});

describe('cache.invalidate', () => {
  it('rejects while it cannot be applied, and is applied once the store is back', async () => {
    const { store, isAway } = losable();
    const { start, cache, titleOf, writeElsewhere, rows } = relayed({ store });
    await start();
    await titleOf('1');
    writeElsewhere(false);
    rows.takeAway().end(true);
    isAway(true);
    await expect(cache.invalidate(['Film:1'])).rejects.toMatchObject({ code: 'CACHE_INVALIDATION_FAILED' });
    isAway(false);
    expectTime(await tookMs(() => expect.poll(() => titleOf('1')).toBe(2))).toBeLessThan(1000);
  });
});

describe('a relay', () => {
  it('says whether a write waits for what a look brings, for as long as it does', async () => {
    const rows = memoryOutbox();
    const inner = rows.outbox();
    const isAwaited: (() => boolean)[] = [];
    const said: boolean[] = [];
    const outbox: Outbox = {
      ...inner,
      relay: async (apply, forgetAll, asks) => {
        if (asks === undefined) throw new Error('the relay does not say it');
        isAwaited.push(asks);
        const relayed = await inner.relay(apply, forgetAll);
        said.push(asks());
        return relayed;
      },
    };
    const { query, start, writeElsewhere } = relayed({ outbox }, rows);
    await start();
    said.length = 0;
    await query('mutation { write(id: 1) }');
    expect(said).toContain(true);
    await expect.poll(() => isAwaited.at(-1)?.()).toBe(false);
    said.length = 0;
    writeElsewhere();
    await expect.poll(() => said).toContain(false);
    expect(said).not.toContain(true);
  });
});
