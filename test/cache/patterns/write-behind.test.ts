import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryJournal, memoryStore, type Journal, type Origin } from '../../../src/cache/index.js';
import type { Doubt, FlushedWrite } from '../../../src/cache/types/index.js';
import { createGate, type Gate } from '../../support/gate.js';
import { manualClock, type ManualClock } from '../../support/manual-clock.js';
import { testCache, type TestContext } from '../../support/test-cache.js';
import { awayAndBack } from '../../support/worlds/places.js';
import { virtualClock } from '../../../src/cache/testing/index.js';

const typeDefs = `
  type Place { id: ID! seconds: Int! }
  type Query {
    aside(id: ID!): Place @cached(ttl: 60, key: "Place:{args.id}")
    through(id: ID!): Place @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}")
    places: [Place!]! @cached(ttl: 60, tags: ["Places"])
  }
  type Mutation {
    note(id: ID!, seconds: Int!): Place
      @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}") @invalidates(tags: ["Places"])
    forget(id: ID!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

interface Row {
  readonly seconds: number | undefined;
  readonly seq: number;
}

/** A table with the guard that an origin needs (or without it), and faults that a test can set. */
function table({ isGuarded = true } = {}) {
  const rows = new Map<string, Row>();
  const batches: (readonly FlushedWrite[])[] = [];
  const holds: { load?: Gate | undefined; flush?: Gate | undefined } = {};
  let fault: ((writes: readonly FlushedWrite[]) => Error | undefined) | undefined;
  const present = (id: string) => {
    const seconds = rows.get(id)?.seconds;
    return seconds === undefined ? null : { id, seconds };
  };
  const pass = async (door: 'load' | 'flush'): Promise<void> => {
    const gate = holds[door];
    holds[door] = undefined;
    await gate?.wait();
  };
  const origin: Origin<TestContext> = {
    load: async (ids) => {
      const found = ids.map(present);
      await pass('load');
      return found;
    },
    flush: async (writes) => {
      batches.push(writes);
      await pass('flush');
      const error = fault?.(writes);
      if (error !== undefined) throw error;
      for (const { key, seq, state } of writes) {
        const id = key.split(':')[1] ?? '';
        if (isGuarded && (rows.get(id)?.seq ?? 0) >= seq) continue;
        const seconds = state === null ? undefined : (state as { seconds: number }).seconds;
        rows.set(id, { seconds, seq });
      }
    },
    isPermanent: (error) => String(error).includes('refused'),
  };
  return {
    rows,
    batches,
    origin,
    present,
    /** The next one waits at the gate: a load with what it has read, a flush before it has written. */
    holdNext: (door: 'load' | 'flush', gate: Gate) => {
      holds[door] = gate;
      // Otherwise a test that fails could not close its cache.
      onTestFinished(() => gate.open());
    },
    fail: (how: typeof fault) => {
      fault = how;
    },
  };
}

interface BehindOptions {
  readonly journal?: Journal;
  readonly disabled?: 'all';
  readonly rows?: ReturnType<typeof table>;
  readonly clock?: ManualClock;
}

async function behind({ journal, disabled, rows = table(), clock = manualClock() }: BehindOptions = {}) {
  const tested = testCache({
    typeDefs,
    resolvers: {
      Query: {
        aside: (_, { id }: { id: string }) => rows.present(id),
        places: () => [...rows.rows.keys()].flatMap((id) => rows.present(id) ?? []),
      },
      Mutation: {
        note: (_, { id, seconds }: { id: string; seconds: number }) => {
          if (seconds < 0) throw new Error('an invalid position');
          return { id, seconds };
        },
        forget: () => null,
      },
    },
    clock,
    store: memoryStore({ clock }),
    journal: journal ?? memoryJournal({ clock }),
    origins: { Place: rows.origin },
    ...(disabled && { disabled }),
  });
  await tested.cache.start();
  onTestFinished(() => tested.cache.close());
  const note = (id: number, seconds: number) =>
    tested.query(`mutation { note(id: ${id}, seconds: ${seconds}) { seconds } }`);
  const read = async (field: 'aside' | 'through', id: number) => {
    const { data, outcomes } = await tested.query(`{ it: ${field}(id: ${id}) { seconds } }`);
    return [(data as { it: { seconds: number } | null }).it?.seconds ?? null, outcomes[0]?.split(' ')[1]];
  };
  const pending = async () => (await tested.cache.writes.journal()).size?.pending;
  /** Lets what was accepted become due, and waits until the database has it. */
  const flushed = async () => {
    clock.advance(1000);
    await expect.poll(pending, { interval: 2 }).toBe(0);
  };
  return { ...tested, ...rows, clock, note, read, pending, flushed };
}

describe('a write that is written behind', () => {
  it('is answered before the database has it, and flushed later', async () => {
    const { note, rows, flushed, pending } = await behind();
    const { data, outcomes } = await note(1, 10);
    expect([data, outcomes]).toEqual([{ note: { seconds: 10 } }, ['Mutation.note QUEUED']]);
    expect([rows.size, await pending()]).toEqual([0, 1]);
    await flushed();
    expect(rows.get('1')).toMatchObject({ seconds: 10 });
  });

  it('is flushed with a context that no request has', async () => {
    const contexts: TestContext[] = [];
    const { cache, query } = testCache({
      typeDefs,
      backgroundContext: () => ({ whoIsThere: 'the flusher' }),
      resolvers: {
        Query: { aside: () => null, places: () => [] },
        Mutation: { note: (_, { id, seconds }) => ({ id, seconds }), forget: () => null },
      },
      origins: {
        Place: {
          load: (ids) => Promise.resolve(ids.map(() => null)),
          flush: (_, context) => Promise.resolve(void contexts.push(context)),
        },
      },
    });
    onTestFinished(() => cache.close());
    await cache.start();
    await query('mutation { note(id: 1, seconds: 10) { seconds } }', { viewer: { id: 'ann' } });
    await cache.close();
    expect(contexts).toEqual([{ whoIsThere: 'the flusher' }]);
  });

  it.each(['aside', 'through'] as const)('is seen at once by %s, and after it is flushed', async (field) => {
    const { note, read, flushed } = await behind();
    expect(await read(field, 1)).toEqual([null, 'MISS']);
    await note(1, 10);
    expect(await read(field, 1)).toEqual([10, 'PENDING']);
    expect(await read(field, 1)).toEqual([10, 'HIT']);
    await note(1, 20);
    expect(await read(field, 1)).toEqual([20, 'PENDING']);
    await flushed();
    expect(await read(field, 1)).toEqual([20, 'MISS']);
  });

  it('is seen also when its entry was evicted', async () => {
    const { note, read, cache } = await behind();
    await note(1, 10);
    await read('aside', 1);
    await cache.invalidate(['Place:1']);
    expect(await read('aside', 1)).toEqual([10, 'PENDING']);
  });

  it('is coalesced with others of its key, and flushed in one batch with those of other keys', async () => {
    const { note, batches, rows, flushed } = await behind();
    for (let seconds = 1; seconds <= 20; seconds += 1) for (const id of [1, 2, 3]) await note(id, seconds);
    await flushed();
    expect(batches.map((batch) => batch.map(({ key }) => key))).toEqual([['Place:1', 'Place:2', 'Place:3']]);
    expect([...rows.values()].map(({ seconds }) => seconds)).toEqual([20, 20, 20]);
  });

  it('invalidates what it means once the database has it', async () => {
    const { note, query, flushed } = await behind();
    const places = async () => (await query('{ places { seconds } }')).data;
    expect(await places()).toEqual({ places: [] });
    await note(1, 10);
    // Lists come from the database, which does not have it yet.
    expect(await places()).toEqual({ places: [] });
    await flushed();
    expect(await places()).toEqual({ places: [{ seconds: 10 }] });
  });

  it('deletes where the resolver returns null, in the order of the writes', async () => {
    const { note, query, read, rows, flushed } = await behind();
    await note(1, 10);
    await flushed();
    await query('mutation { forget(id: 1) { seconds } }');
    expect(await read('aside', 1)).toEqual([null, 'PENDING']);
    await flushed();
    expect(rows.get('1')?.seconds).toBeUndefined();
    expect(await read('aside', 1)).toEqual([null, 'MISS']);
    await query('mutation { forget(id: 1) { seconds } }');
    await note(1, 30);
    await flushed();
    expect(rows.get('1')?.seconds).toBe(30);
  });

  it('is not accepted where the resolver refuses it', async () => {
    const { note, pending } = await behind();
    expect((await note(1, -1)).result.errors?.[0]?.message).toBe('an invalid position');
    expect(await pending()).toBe(0);
  });

  it('goes straight to the database where the cache is switched off', async () => {
    const { note, rows, pending } = await behind({ disabled: 'all' });
    expect((await note(1, 10)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect([rows.get('1')?.seconds, await pending()]).toEqual([10, 0]);
  });
});

describe('a journal that cannot take a write', () => {
  const room = memoryJournal({ maxPending: 1 });

  it('sends it straight to the database where it is full, and the later write stays', async () => {
    const { note, read, rows } = await behind({ journal: room });
    expect((await note(1, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    expect((await note(2, 20)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect(rows.get('2')?.seconds).toBe(20);
    expect(await read('aside', 2)).toEqual([20, 'MISS']);
    expect((await note(1, 11)).outcomes).toEqual(['Mutation.note QUEUED']);
  });

  it('and a database that is away have the client try again', async () => {
    const journal = { ...memoryJournal(), isAway: () => true };
    const { note, fail, cache, logged } = await behind({ journal });
    fail(() => new Error('no connection'));
    const { result } = await note(1, 10);
    expect(result.errors?.[0]).toMatchObject({
      message:
        'Mutation.note was refused and nothing was changed, because it cannot be written down now; try again in a moment.',
      extensions: { code: 'WRITE_BEHIND_BUSY', retryAfterMs: 1000 },
    });
    expect(cache.stats.counters()['Mutation.note']).toMatchObject({ busy: 1, queued: 0 });
    expect(logged.join('\n')).toContain('neither the journal nor the database could take a write');
    fail(undefined);
    expect((await note(1, 11)).outcomes).toEqual(['Mutation.note WRITTEN']);
  });

  it('in the middle of a write has it written with a higher number', async () => {
    const inner = memoryJournal();
    const journal: Journal = { ...inner, accept: () => Promise.reject(new Error('no answer')) };
    const { note, rows } = await behind({ journal });
    await note(1, 10);
    const first = rows.get('1')?.seq ?? 0;
    await note(1, 20);
    expect(rows.get('1')).toMatchObject({ seconds: 20 });
    expect(rows.get('1')?.seq).toBeGreaterThan(first);
  });
});

describe('a flush that fails', () => {
  it('is tried again while the database is away, and nothing is lost', async () => {
    const { note, fail, rows, batches, clock, flushed, cache } = await behind();
    fail(() => new Error('no connection'));
    for (const id of [1, 2, 3]) await note(id, id);
    for (let round = 1; round <= 12; round += 1) {
      clock.advance(6000);
      await expect.poll(() => batches.length, { interval: 2 }).toBeGreaterThanOrEqual(round);
    }
    expect(await cache.writes.deadLetters()).toEqual([]);
    fail(undefined);
    clock.advance(6000);
    await flushed();
    expect([...rows.keys()].sort()).toEqual(['1', '2', '3']);
  });

  it('because of one row isolates it, and the others are flushed', async () => {
    const { note, fail, rows, clock, cache, pending, read, logged, flushed } = await behind();
    fail((writes) =>
      writes.some(({ key }) => key === 'Place:37') ? new Error('refused: too long') : undefined,
    );
    for (let id = 1; id <= 100; id += 1) await note(id, id);
    clock.advance(1000);
    await expect.poll(pending, { interval: 2 }).toBe(0);
    expect(rows.size).toBe(99);
    expect(await cache.writes.deadLetters()).toMatchObject([
      {
        key: 'Place:37',
        coordinate: 'Mutation.note',
        state: { id: '37', seconds: 37 },
        viewer: null,
        error: 'Error: refused: too long',
        attempts: 1,
      },
    ]);
    expect(logged.join('\n')).toContain('the database refuses an accepted write');
    // From now on reads see what the database has.
    expect(await read('aside', 37)).toEqual([null, 'MISS']);
    await expect(cache.writes.replay('Place:1')).rejects.toMatchObject({ code: 'CACHE_DEAD_LETTER' });
    fail(undefined);
    await cache.writes.replay('Place:37');
    expect(await read('aside', 37)).toEqual([37, 'PENDING']);
    await flushed();
    expect(rows.get('37')?.seconds).toBe(37);
    expect(await cache.writes.deadLetters()).toEqual([]);
  });

  it('is given up once its dead letter is discarded', async () => {
    const { note, fail, rows, clock, cache, pending } = await behind();
    fail((writes) =>
      writes.some(({ key }) => key === 'Place:2') ? new Error('refused: too long') : undefined,
    );
    for (const id of [1, 2]) await note(id, id);
    clock.advance(1000);
    await expect.poll(pending, { interval: 2 }).toBe(0);
    expect(await cache.writes.deadLetters()).toHaveLength(1);
    await expect(cache.writes.discard('Place:1')).rejects.toMatchObject({ code: 'CACHE_DEAD_LETTER' });
    fail(undefined);
    await cache.writes.discard('Place:2');
    expect(await cache.writes.deadLetters()).toEqual([]);
    expect([await pending(), [...rows.keys()]]).toEqual([0, ['1']]);
  });

  it('buries a row after ten attempts where the origin cannot tell', async () => {
    const rows = table();
    const { load, flush } = rows.origin;
    rows.fail((writes) => (writes.some(({ key }) => key === 'Place:2') ? new Error('who knows') : undefined));
    const clock = manualClock();
    const { cache, query } = testCache({
      typeDefs,
      resolvers: {
        Query: { aside: () => null, places: () => [] },
        Mutation: { note: (_root, state: object) => state, forget: () => null },
      },
      clock,
      store: memoryStore({ clock }),
      origins: { Place: { ...(load && { load }), ...(flush && { flush }) } },
    });
    await cache.start();
    onTestFinished(() => cache.close());
    for (const id of [1, 2, 3]) await query(`mutation { note(id: ${id}, seconds: 1) { seconds } }`);
    await expect
      .poll(
        async () => {
          clock.advance(5000);
          // Others get through all the time.
          await query('mutation { note(id: 9, seconds: 1) { seconds } }');
          return (await cache.writes.deadLetters()).map(({ key }) => key);
        },
        { interval: 5, timeout: 10_000 },
      )
      .toEqual(['Place:2']);
    expect([...rows.rows.keys()].sort()).toEqual(['1', '3', '9']);
  });
});

/** A cache with two namespaces whose origins cannot tell an outage from a row that is refused; time passes as the test says. */
async function onVirtualTime(clock = virtualClock(), journal: Journal = memoryJournal({ clock })) {
  const tables = { Place: table(), Other: table() };
  const originOf = ({ origin: { load, flush } }: ReturnType<typeof table>): Origin<TestContext> => ({
    ...(load && { load }),
    ...(flush && { flush }),
  });
  const tested = testCache({
    typeDefs: `
        type Place { id: ID! seconds: Int! }
        type Query { place(id: ID!): Place @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}") }
        type Mutation {
          place(id: ID!, seconds: Int!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
          other(id: ID!, seconds: Int!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Other:{args.id}")
        }
      `,
    resolvers: {
      Mutation: { place: (_root, state: object) => state, other: (_root, state: object) => state },
    },
    clock,
    store: memoryStore({ clock }),
    journal,
    origins: { Place: originOf(tables.Place), Other: originOf(tables.Other) },
  });
  await tested.cache.start();
  onTestFinished(async () => {
    const closed = tested.cache.close().catch(() => undefined);
    await clock.pass(20_000);
    await closed;
  });
  const note = (field: 'place' | 'other', id: number, seconds: number) =>
    tested.query(`mutation { ${field}(id: ${id}, seconds: ${seconds}) { seconds } }`);
  const secondsOf = ({ rows }: ReturnType<typeof table>) =>
    [...rows].sort(([one], [other]) => Number(one) - Number(other)).map(([, { seconds }]) => seconds);
  const letters = async () => (await tested.cache.writes.deadLetters()).map(({ key }) => key);
  return { ...tested, clock, tables, note, secondsOf, letters };
}

describe('an outage of the database', () => {
  it('buries nothing, also where it begins right after a flush that succeeded', async () => {
    const { clock, tables, note, secondsOf, letters } = await onVirtualTime();
    for (const id of [1, 2, 3]) await note('place', id, 1);
    await clock.pass(2000);
    expect(secondsOf(tables.Place)).toEqual([1, 1, 1]);
    tables.Place.fail(() => new Error('connect ECONNREFUSED'));
    for (const id of [1, 2, 3]) await note('place', id, 2);
    for (let passedMs = 0; passedMs < 45_000; passedMs += 2000) {
      await clock.pass(2000);
      expect(await letters()).toEqual([]);
    }
    tables.Place.fail(() => undefined);
    await note('place', 4, 2);
    await clock.pass(10_000);
    expect([secondsOf(tables.Place), await letters()]).toEqual([[2, 2, 2, 2], []]);
  });

  it('of one namespace buries nothing of it while others get through', async () => {
    const { clock, tables, note, secondsOf, letters } = await onVirtualTime();
    tables.Place.fail(() => new Error('connect ECONNREFUSED'));
    for (const id of [1, 2, 3]) await note('place', id, 2);
    for (let passedMs = 0; passedMs < 120_000; passedMs += 2000) {
      await note('other', 1, passedMs);
      await clock.pass(2000);
      expect([secondsOf(tables.Other), await letters()]).toEqual([[passedMs], []]);
    }
    tables.Place.fail(() => undefined);
    await clock.pass(10_000);
    expect([secondsOf(tables.Place), await letters()]).toEqual([[2, 2, 2], []]);
  });

  it('that comes and goes buries nothing, and a row that is refused between outages is given up', async () => {
    const { clock, tables, note, secondsOf, letters } = await onVirtualTime();
    let isAway = false;
    tables.Place.fail((writes) => {
      if (isAway) return new Error('connect ECONNREFUSED');
      return writes.some(({ key }) => key === 'Place:7') ? new Error('who knows') : undefined;
    });
    await note('place', 7, 1);
    for (let outage = 1; outage <= 4; outage += 1) {
      isAway = true;
      await note('place', 1, outage);
      await clock.pass(40_000);
      expect(await letters()).toEqual([]);
      isAway = false;
      await clock.pass(10_000);
      expect([secondsOf(tables.Place), await letters()]).toEqual([[outage], []]);
    }
    for (let second = 0; second < 60; second += 1) {
      await note('place', 2, second);
      await clock.pass(1000);
    }
    expect(await letters()).toEqual(['Place:7']);
  });
});

describe('a flush that does not end', () => {
  it('holds up no other namespace, is told, and is tried again', async () => {
    const { clock, tables, note, secondsOf, logged } = await onVirtualTime();
    tables.Place.holdNext('flush', createGate());
    await note('place', 1, 1);
    await clock.pass(6000);
    // The next one hangs too.
    tables.Place.holdNext('flush', createGate());
    for (let second = 1; second <= 50; second += 1) {
      await note('other', 1, second);
      await clock.pass(1000);
      expect(secondsOf(tables.Other)).toEqual([second]);
    }
    expect(secondsOf(tables.Place)).toEqual([]);
    expect(logged.join()).toContain('the flush of Place has not ended after 30 s');
    await clock.pass(10_000);
    expect(secondsOf(tables.Place)).toEqual([1]);
  });

  it('holds up no other namespace while what was accepted is brought past a journal that is away', async () => {
    const onTime = virtualClock();
    // One that could lose what it has, so that the process keeps it.
    const door = awayAndBack({ ...memoryJournal({ clock: onTime }), restore: () => 0 });
    const { clock, tables, note, secondsOf } = await onVirtualTime(onTime, door.journal);
    tables.Place.holdNext('flush', createGate());
    await note('place', 1, 1);
    await note('other', 1, 1);
    door.isAway = true;
    await clock.pass(8000);
    expect([secondsOf(tables.Other), secondsOf(tables.Place)]).toEqual([[1], []]);
    await clock.pass(40_000);
    expect(secondsOf(tables.Place)).toEqual([1]);
  });

  it('has the client of a straight write told that it may still be written', async () => {
    const { clock, tables, note } = await onVirtualTime(undefined, {
      ...memoryJournal(),
      mayAccept: () => false,
    });
    tables.Place.holdNext('flush', createGate());
    const noting = note('place', 1, 1);
    await clock.pass(31_000);
    expect((await noting).result.errors?.[0]).toMatchObject({
      message: expect.stringContaining('it may still be written') as string,
      extensions: { code: 'WRITE_BEHIND_BUSY' },
    });
  });

  it('is not begun again and again: three of a namespace wait for the database, and then no more', async () => {
    const { clock, tables, note, secondsOf } = await onVirtualTime();
    const gate = createGate();
    await note('place', 1, 1);
    for (let passedMs = 0; passedMs < 600_000; passedMs += 2000) {
      tables.Place.holdNext('flush', gate);
      await clock.pass(2000);
    }
    expect([tables.Place.batches.length, secondsOf(tables.Place)]).toEqual([3, []]);
    gate.open();
    await clock.pass(10_000);
    expect(secondsOf(tables.Place)).toEqual([1]);
    await note('place', 2, 2);
    await clock.pass(10_000);
    expect(secondsOf(tables.Place)).toEqual([1, 2]);
  });

  it('ends what was loaded meanwhile, where it is a straight write that the database takes after all', async () => {
    const journal = { ...memoryJournal(), mayAccept: () => false };
    const { clock, tables, note, query } = await onVirtualTime(undefined, journal);
    const read = async () => (await query('{ place(id: 1) { seconds } }')).data;
    tables.Place.rows.set('1', { seconds: 5, seq: 0 });
    const gate = createGate();
    tables.Place.holdNext('flush', gate);
    const noting = note('place', 1, 1);
    await clock.pass(31_000);
    expect((await noting).result.errors?.[0]?.extensions).toMatchObject({ code: 'WRITE_BEHIND_BUSY' });
    expect(await read()).toEqual({ place: { seconds: 5 } });
    await clock.pass(9000);
    gate.open();
    await clock.pass(100);
    expect(await read()).toEqual({ place: { seconds: 1 } });
  });

  it('holds up the end of no other namespace', async () => {
    const { cache, clock, tables, note, secondsOf } = await onVirtualTime();
    tables.Place.holdNext('flush', createGate());
    await note('place', 1, 1);
    await clock.pass(1000);
    await note('other', 1, 1);
    const closing = cache.close().catch((error: unknown) => error);
    await clock.pass(10_000);
    expect([secondsOf(tables.Other), await closing]).toMatchObject([[1], { code: 'CACHE_WRITES_LOST' }]);
  });
});

describe('a straight write whose answer is lost', () => {
  it('may be in the database: nothing from before it is served after its client is told', async () => {
    const journal = { ...memoryJournal(), mayAccept: () => false, passedInMs: () => 500 };
    const { clock, tables, note, query } = await onVirtualTime(virtualClock(), journal);
    const read = async () => (await query('{ place(id: 1) { seconds } }')).data;
    expect(await read()).toEqual({ place: null });
    tables.Place.fail((writes) => {
      for (const { seq } of writes) tables.Place.rows.set('1', { seconds: 10, seq });
      return new Error('the connection broke after the commit');
    });
    let isTold = false;
    const noting = note('place', 1, 10).finally(() => (isTold = true));
    await clock.pass(400);
    // Until its number lies in the past others may be given lower ones.
    expect(isTold).toBe(false);
    await clock.pass(200);
    expect((await noting).result.errors?.[0]?.extensions).toMatchObject({ code: 'WRITE_BEHIND_BUSY' });
    expect(await read()).toEqual({ place: { seconds: 10 } });
  });
});

describe('two flushers', () => {
  /** One of them stands in the middle of a flush, and meanwhile a later write of its key was accepted. */
  async function withOnePaused(rows = table(), plant = (journal: Journal): Journal => journal) {
    const clock = manualClock();
    const journal = plant(memoryJournal({ clock }));
    const one = await behind({ journal, rows, clock });
    const other = await behind({ journal, rows, clock });
    const gate = createGate();
    rows.holdNext('flush', gate);
    await one.note(1, 10);
    clock.advance(1000);
    await gate.arrived();
    await one.note(1, 20);
    const seconds = (): number | undefined => rows.rows.get('1')?.seconds;
    return {
      gate,
      clock,
      seconds,
      pending: one.pending,
      flushes: () => rows.batches.map((batch) => batch.map(({ state }) => (state as Row).seconds)),
      /** Lets the claim of the paused one end; the other one has the later write then, and writes it. */
      supersede: async () => {
        clock.advance(6000);
        await expect.poll(seconds, { interval: 2 }).toBe(20);
      },
      /** Resolves when both have ended what they were at. */
      end: async () => {
        await one.cache.close();
        await other.cache.close();
      },
    };
  }

  it('leave the later write, when one was paused for longer than its claim lasts', async () => {
    const { gate, seconds, flushes, supersede, end } = await withOnePaused();
    await supersede();
    gate.open();
    await end();
    expect([seconds(), flushes()]).toEqual([20, [[10], [20]]]);
  });

  it('would step back, if the database did not compare numbers', async () => {
    const { gate, seconds, flushes, supersede, end } = await withOnePaused(table({ isGuarded: false }));
    await supersede();
    gate.open();
    await end();
    expect([seconds(), flushes()]).toEqual([10, [[10], [20]]]);
  });

  it('do not lose a write that comes while an earlier one is flushed', async () => {
    const { gate, seconds, flushes, pending, clock } = await withOnePaused();
    gate.open();
    await expect.poll(flushes).toEqual([[10]]);
    // It is due after the usual time, however long the claim was for.
    await expect
      .poll(
        () => {
          clock.advance(20);
          return pending();
        },
        { interval: 2 },
      )
      .toBe(0);
    expect([seconds(), flushes()]).toEqual([20, [[10], [20]]]);
  });

  it('would lose it, if what is settled were not compared by its number', async () => {
    const careless = (journal: Journal): Journal => ({
      ...journal,
      settle: async (writes) => {
        const present = await journal.pending(writes.map(({ key }) => key));
        await journal.settle(present.flatMap((write) => write ?? []));
      },
    });
    const { gate, seconds, flushes, pending, end } = await withOnePaused(table(), careless);
    gate.open();
    await expect.poll(pending, { interval: 2 }).toBe(0);
    await end();
    expect([seconds(), flushes()]).toEqual([10, [[10]]]);
  });
});

describe('a load', () => {
  it.each([
    ['accepted', [10, 'PENDING']],
    ['flushed', [10, 'MISS']],
  ])('that read before a write was %s is not stored as newer', async (stage, then) => {
    const { holdNext, read, note, flushed } = await behind();
    const gate = createGate();
    holdNext('load', gate);
    const early = read('through', 1);
    await gate.arrived();
    await note(1, 10);
    if (stage === 'flushed') await flushed();
    gate.open();
    expect(await early).toEqual([null, 'MISS']);
    expect(await read('through', 1)).toEqual(then);
  });

  it('that could not ask the journal is not found any more once the write is flushed', async () => {
    const clock = manualClock();
    const journal: Journal = {
      ...memoryJournal({ clock }),
      pending: () => Promise.reject(new Error('no answer')),
    };
    const { read, note, flushed } = await behind({ journal, clock });
    await note(1, 10);
    expect(await read('through', 1)).toEqual([null, 'MISS']);
    await flushed();
    expect(await read('through', 1)).toEqual([10, 'MISS']);
  });
});

describe('a cache that closes', () => {
  it('flushes what was accepted', async () => {
    const { note, rows, cache } = await behind();
    for (const id of [1, 2, 3]) await note(id, id);
    await cache.close();
    expect(rows.size).toBe(3);
  });

  it('says how much may be lost where the journal was emptied and takes nothing again', async () => {
    const clock = virtualClock();
    const inner = memoryJournal({ clock });
    let tell: ((doubt: Doubt) => void) | undefined;
    const { tables, note, cache, logged } = await onVirtualTime(clock, {
      ...inner,
      name: 'redis',
      open: ({ onDoubt }) => {
        tell = onDoubt;
        return Promise.resolve();
      },
      restore: () => {
        throw new Error('OOM');
      },
    });
    tables.Place.fail(() => new Error('no connection'));
    await note('place', 1, 1);
    await inner.supersede([{ key: 'Place:1', seq: Infinity }]);
    tell?.({ why: 'robbed', sinceSeq: inner.laterSeq(), held: 1 });
    const closing = cache.close();
    await clock.pass(10_000);
    await closing;
    expect(logged.join()).toContain(
      'only what the journal has not lost stays there for another process {"pending":1}',
    );
  });

  it('says how much is lost where that is not possible', async () => {
    const { note, fail, cache, clock, logged } = await behind();
    fail(() => new Error('no connection'));
    await note(1, 1);
    const closing = cache.close().catch((error: unknown) => error);
    await expect
      .poll(() => {
        clock.advance(1000);
        return logged.join('\n');
      })
      .toContain('accepted writes could not be flushed in time and are lost');
    expect(await closing).toMatchObject({ code: 'CACHE_WRITES_LOST' });
  });
});
