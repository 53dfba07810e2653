import { describe, expect, it } from 'vitest';
import { memoryJournal, memoryStore } from '../../../src/cache/index.js';
import { hasCome, isFromTheFuture } from '../../../src/cache/time/clock.js';
import { BackOff } from '../../../src/cache/stampede/back-off.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const DAY_MS = 24 * 60 * 60 * 1000;

const typeDefs = /* GraphQL */ `
  type Query {
    aside: Int @cached(ttl: 60)
    local: Int @cached(ttl: 60, local: 60)
    stale: Int @cached(ttl: 60, swr: 600, staleIfError: 600)
  }
`;

describe('after the clock of a process was set back by a day', () => {
  it.each(['aside', 'local', 'stale'])(
    'an entry from before is loaded anew, and then fresh for its ttl: %s',
    async (field) => {
      let version = 0;
      const load = (): number => (version += 1);
      const { query, clock } = testCache({
        typeDefs,
        resolvers: { Query: { aside: load, local: load, stale: load } },
      });
      const read = async (): Promise<unknown> => (await query(`{ ${field} }`)).data;
      expect(await read()).toEqual({ [field]: 1 });
      clock.advance(-DAY_MS);
      expect(await read()).toEqual({ [field]: 2 });
      clock.advance(30_000);
      expect(await read()).toEqual({ [field]: 2 });
      clock.advance(31_000);
      if (field === 'stale') await query('{ stale }');
      else expect(await read()).toEqual({ [field]: 3 });
    },
  );

  it('an entry of a process whose clock is ahead by a little is served', async () => {
    const store = memoryStore();
    const [here, ahead] = [manualClock(), manualClock()];
    ahead.advance(1500);
    const resolvers = { Query: { aside: () => 1, local: () => 1, stale: () => 1 } };
    await testCache({ typeDefs, store, clock: ahead, resolvers }).query('{ aside }');
    const { outcomes } = await testCache({ typeDefs, store, clock: here, resolvers }).query('{ aside }');
    expect(outcomes).toEqual(['Query.aside HIT']);
  });

  it('a copy of what was loaded long before answers no longer for it', async () => {
    let version = 1;
    const clock = manualClock();
    const store = memoryStore({ clock });
    const process = () =>
      testCache({
        ...{ clock, store },
        typeDefs: 'type Query { copied: Int @cached(ttl: 864000, local: 5, key: "Copied:1") }',
        resolvers: { Query: { copied: () => version } },
      });
    const [here, there] = [process(), process()];
    await here.query('{ copied }');
    clock.advance(2 * DAY_MS);
    expect((await here.query('{ copied }')).data).toEqual({ copied: 1 });
    clock.advance(-DAY_MS);
    version = 2;
    await there.cache.invalidate(['Copied:1']);
    clock.advance(5000);
    expect((await here.query('{ copied }')).data).toEqual({ copied: 2 });
  });

  it('the lease of a load that never ended is held for its time and no longer', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const request = { key: 'A:1', tags: [], leaseMs: 1500, keepForMs: 1000 };
    const take = async (token: string): Promise<boolean | undefined> => {
      const [acquired] = await store.acquire([{ ...request, token }]);
      return acquired?.leased;
    };
    expect(await take('one')).toBe(true);
    expect(await take('other')).toBe(false);
    clock.advance(-DAY_MS);
    expect(await take('other')).toBe(true);
  });

  it('a failing load is tried again within seconds', () => {
    const clock = manualClock();
    const backOff = new BackOff({ clock, random: () => 0 });
    backOff.failed('A:1');
    expect(backOff.isOn('A:1')).toBe(true);
    clock.advance(-DAY_MS);
    expect(backOff.isOn('A:1')).toBe(false);
  });

  it('an accepted write is due, and so is one whose flusher has died', async () => {
    const clock = manualClock();
    const journal = memoryJournal({ clock });
    await journal.accept({ key: 'P:1', record: Buffer.from('x'), delayMs: 250 });
    const claim = async (): Promise<number> => (await journal.claim({ limit: 10, forMs: 5000 })).length;
    expect(await claim()).toBe(0);
    clock.advance(-DAY_MS);
    expect(await claim()).toBe(1);
    expect(await claim()).toBe(0);
    clock.advance(-DAY_MS);
    expect(await claim()).toBe(1);
  });
});

describe('a clock that is set back while a load runs', () => {
  const CHART = 'type Query { chart: Int @cached(ttl: 60) }';
  const FILM = `
    type Film { id: ID! }
    type Query { film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}") }`;

  it.each([-1, -DAY_MS])('leaves the load of a resolver as it is: %i ms', async (backMs) => {
    const { query, clock } = testCache({
      typeDefs: CHART,
      resolvers: { Query: { chart: () => (clock.advance(backMs), 1) } },
    });
    expect((await query('{ chart }')).result).toEqual({ data: { chart: 1 } });
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
  });

  it.each([-1, -DAY_MS])('leaves the load of an origin as it is: %i ms', async (backMs) => {
    const load = (ids: readonly string[]) => (
      clock.advance(backMs),
      Promise.resolve(ids.map((id) => ({ id })))
    );
    const { query, clock } = testCache({ typeDefs: FILM, origins: { Film: { load } } });
    expect((await query('{ film(id: 1) { id } }')).data).toEqual({ film: { id: '1' } });
    expect((await query('{ film(id: 1) { id } }')).outcomes).toEqual(['Query.film HIT']);
  });

  it.each([-1, -DAY_MS])('leaves what cache.fetch loads as it is: %i ms', async (backMs) => {
    const { cache, clock } = testCache({ typeDefs: CHART, resolvers: { Query: { chart: () => 1 } } });
    let loads = 0;
    const load = (): number => (clock.advance(backMs), (loads += 1));
    expect(await cache.fetch('Rate:EUR', { ttl: 60 }, load)).toBe(1);
    expect(await cache.fetch('Rate:EUR', { ttl: 60 }, load)).toBe(1);
  });
});

describe('a moment', () => {
  it('is from the future when no clock that is nearly in step could have written it', () => {
    expect(isFromTheFuture(10_000, 9_000)).toBe(false);
    expect(isFromTheFuture(10_000, 7_000)).toBe(true);
  });

  it('has come when it is past, or further away than it ever was', () => {
    expect(hasCome(10_000, 10_000, 500)).toBe(true);
    expect(hasCome(10_000, 9_600, 500)).toBe(false);
    expect(hasCome(10_000, 5_000, 500)).toBe(true);
    expect(hasCome(-Infinity, 0, 500)).toBe(true);
  });
});
