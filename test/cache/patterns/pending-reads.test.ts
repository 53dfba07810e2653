import { describe, expect, it } from 'vitest';
import { memoryJournal, memoryStore, type Clock, type Journal } from '../../../src/cache/index.js';
import { manualClock } from '../../support/manual-clock.js';
import {
  awayAndBack,
  PLACE_FIELDS,
  places,
  placeTable,
  type PlacesOptions,
} from '../../support/worlds/places.js';

describe('a read while the journal cannot tell what is pending', () => {
  const silent: [string, Journal['pending']][] = [
    ['fails', () => Promise.reject(new Error('no answer'))],
    ['is too slow', () => new Promise(() => undefined)],
    ['has what this version cannot read', ([key = '']) => [{ key, seq: 1, record: Buffer.from('?') }]],
  ];

  it.each(silent.flatMap(([why, pending]) => PLACE_FIELDS.map((field) => ({ field, why, pending }))))(
    'is answered by $field from the database and not stored, when it $why',
    async ({ field, pending }) => {
      const inner = memoryJournal();
      let isSilent = true;
      const journal: Journal = {
        ...inner,
        pending: (keys) => (isSilent ? pending(keys) : inner.pending(keys)),
      };
      const { note, read, table } = await places({ journal });
      table.rows.set('1', { seconds: 5, seq: 1 });
      await note(1, 10);
      expect(await read(field, 1)).toEqual([5, 'MISS']);
      isSilent = false;
      expect(await read(field, 1)).toEqual([10, 'PENDING']);
      expect(await read(field, 1)).toEqual([10, 'HIT']);
    },
  );

  it.each(PLACE_FIELDS)('is one load of %s for all who ask at the same time', async (field) => {
    const door = awayAndBack(memoryJournal());
    const { read, table } = await places({ journal: door.journal });
    table.rows.set('1', { seconds: 5, seq: 1 });
    door.isAway = true;
    const reads = await Promise.all([1, 2, 3].map(() => read(field, 1)));
    expect(reads.map(([seconds]) => seconds)).toEqual([5, 5, 5]);
    expect(table.loads()).toBe(1);
  });
});

describe('a write that goes straight to the database, past an earlier one in the journal', () => {
  /** Two processes; the journal is away for the first one, which has accepted 10 and then writes 20. */
  async function twoProcesses(plant = (journal: Journal): Journal => journal) {
    const [clock, table] = [manualClock(), placeTable()];
    const shared = { clock, table, store: memoryStore({ clock }) } satisfies PlacesOptions;
    const inner = memoryJournal({ clock });
    const door = awayAndBack(plant(inner));
    const one = await places({ ...shared, journal: door.journal });
    const other = await places({ ...shared, journal: inner });
    await one.note(1, 10);
    door.isAway = true;
    const { outcomes: written } = await one.note(1, 20);
    return { clock, door, one, other, inner, written };
  }

  it('is seen at once by its own process, whatever the journal says when it is back', async () => {
    const { door, one, written } = await twoProcesses();
    expect(written).toEqual(['Mutation.note WRITTEN']);
    for (const field of PLACE_FIELDS) expect((await one.read(field, 1))[0]).toBe(20);
    door.isAway = false;
    for (const field of PLACE_FIELDS) expect((await one.read(field, 1))[0]).toBe(20);
  });

  it('is answered as bounded, and seen by other processes once the journal was told', async () => {
    const { door, one, other, inner } = await twoProcesses();
    // That is what "bounded" says: the journal still has the earlier one, and this process can ask it.
    expect((await other.read('through', 1))[0]).toBe(10);
    expect(one.cache.stats.counters()['Mutation.note']).toMatchObject({ boundedWrites: 1 });
    door.isAway = false;
    await expect.poll(() => inner.pending(['Place:1']), { interval: 2 }).toEqual([undefined]);
    await expect.poll(async () => (await other.read('through', 1))[0], { interval: 2 }).toBe(20);
  });

  it('would stay hidden from other processes, if the journal were not told', async () => {
    let told = 0;
    const { door, other, inner } = await twoProcesses((journal) => ({
      ...journal,
      supersede: () => void (told += 1),
    }));
    door.isAway = false;
    await expect.poll(() => told, { interval: 2 }).toBeGreaterThan(0);
    expect(await inner.pending(['Place:1'])).not.toEqual([undefined]);
    expect((await other.read('through', 1))[0]).toBe(10);
  });

  it('leaves a later write that was accepted meanwhile', async () => {
    const { door, one, other, inner, clock } = await twoProcesses();
    await other.note(1, 30);
    door.isAway = false;
    for (const { read } of [one, other]) expect((await read('through', 1))[0]).toBe(30);
    clock.advance(1000);
    await expect.poll(() => inner.size(), { interval: 2 }).toMatchObject({ pending: 0 });
    expect(one.table.rows.get('1')?.seconds).toBe(30);
  });

  it('is not strict while the journal is away, and strict where it was told', async () => {
    const door = awayAndBack(memoryJournal({ maxPending: 1 }));
    const { note, cache } = await places({ journal: door.journal });
    await note(1, 10);
    expect((await note(2, 20)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect(cache.stats.counters()['Mutation.note']).toMatchObject({ writtenThrough: 1, boundedWrites: 0 });
    door.isAway = true;
    await note(3, 30);
    expect(cache.stats.counters()['Mutation.note']).toMatchObject({ writtenThrough: 2, boundedWrites: 1 });
    door.isAway = false;
  });

  it('is acknowledged after its number lies in the past, and hides what others wrote until then', async () => {
    let whileAhead: () => Promise<unknown> = () => Promise.resolve();
    const [manual, table] = [manualClock(), placeTable()];
    const AHEAD_MS = 777;
    const clock: Clock = {
      ...manual,
      sleep: (ms) => (ms === AHEAD_MS ? whileAhead().then(() => undefined) : manual.sleep(ms)),
    };
    const shared = { table, clock, store: memoryStore({ clock }) };
    const inner = memoryJournal({ clock });
    // It may still accept what it was given last, so that the next number lies ahead.
    const silent: Journal = {
      ...inner,
      accept: () => Promise.reject(new Error('no answer')),
      laterSeq: () => manual.nowMs() * 1000 + AHEAD_MS * 1000,
      passedInMs: () => AHEAD_MS,
    };
    const one = await places({ ...shared, journal: silent });
    const other = await places({ ...shared, journal: inner });
    const order: string[] = [];
    whileAhead = async () => order.push(...(await other.note(1, 15)).outcomes);
    order.push(...(await one.note(1, 20)).outcomes);
    expect(order).toEqual(['Mutation.note QUEUED', 'Mutation.note WRITTEN']);
    for (const { read } of [one, other]) expect((await read('through', 1))[0]).toBe(20);
    expect(table.rows.get('1')?.seconds).toBe(20);
  });
});

describe('what the database did not take, since it has something newer', () => {
  it.each(PLACE_FIELDS)(
    'is not served by %s once it was flushed, whoever read it in between',
    async (field) => {
      let readInBetween: () => Promise<unknown> = () => Promise.resolve();
      const clock = manualClock();
      const inner = memoryJournal({ clock });
      const journal: Journal = {
        ...inner,
        settle: async (writes) => {
          await readInBetween();
          await inner.settle(writes);
        },
      };
      const { note, read, table, isFlushed } = await places({ clock, journal });
      readInBetween = () => read(field, 1);
      await note(1, 10);
      table.rows.set('1', { seconds: 99, seq: Number.MAX_SAFE_INTEGER });
      clock.advance(1000);
      await isFlushed();
      await expect.poll(async () => (await read(field, 1))[0], { interval: 2 }).toBe(99);
    },
  );
});

describe('a client that was refused', () => {
  it.each<[string, Partial<Journal>, string]>([
    [
      'is told that nothing was changed, where nobody has the write',
      { mayAccept: () => false },
      'Mutation.note was refused and nothing was changed, because it cannot be written down now; try again in a moment.',
    ],
    [
      'is told that it may still be written, where the journal gave no answer',
      { accept: () => Promise.reject(new Error('no answer')) },
      'Mutation.note could not be written down in time, and it may still be written; try again in a moment, the later one stays.',
    ],
    [
      'is told the same, where too few replicas confirmed',
      { accept: () => ({ outcome: 'unconfirmed', seq: 7 }) },
      'Mutation.note could not be written down in time, and it may still be written; try again in a moment, the later one stays.',
    ],
  ])('%s', async (_what, journal, message) => {
    const { note, table } = await places({ journal: { ...memoryJournal(), ...journal } });
    table.faults.flush = new Error('no connection');
    const { result } = await note(1, 10);
    expect(result.errors?.[0]).toMatchObject({ message, extensions: { code: 'WRITE_BEHIND_BUSY' } });
  });

  it('because the loss of the store must not be survived has written nothing', async () => {
    let isAway = false;
    const confirm = (): Promise<void> =>
      isAway ? Promise.reject(new Error('the store is away')) : Promise.resolve();
    const { note, cache, table } = await places({
      onStoreLoss: 'fail',
      store: { ...memoryStore(), confirm },
    });
    expect((await note(1, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    isAway = true;
    const { result } = await note(1, 20);
    expect(result.errors?.[0]).toMatchObject({
      message: expect.stringContaining(
        'refused and nothing was changed, because the cache cannot be reached',
      ),
      extensions: { code: 'CACHE_UNAVAILABLE' },
    });
    isAway = false;
    await cache.close();
    expect(table.rows.get('1')?.seconds).toBe(10);
  });
});

describe('a reader that is switched off', () => {
  it('finds in the database what was written, as it goes past the journal', async () => {
    const { note, read } = await places({ disabled: ['Query.aside'] });
    expect((await note(1, 10)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect(await read('aside', 1)).toEqual([10, 'BYPASS']);
  });
});

describe('a cache that closes', () => {
  it('does not wait for a database that hangs, and says that accepted writes are lost', async () => {
    const clock = manualClock();
    const { note, cache, table, logged } = await places({ clock });
    table.faults.flush = new Promise(() => undefined);
    await note(1, 10);
    clock.advance(1000);
    const closing = cache.close().then(
      () => 'closed',
      (error: unknown) => error,
    );
    await expect
      .poll(() => {
        clock.advance(1000);
        return logged.join('\n');
      })
      .toContain('accepted writes could not be flushed in time and are lost');
    expect(await closing).toMatchObject({ code: 'CACHE_WRITES_LOST' });
  });
});
