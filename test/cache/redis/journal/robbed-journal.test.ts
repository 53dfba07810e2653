import { Redis } from 'ioredis';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal } from '../../../../src/cache/redis/index.js';
import { systemClock, type Clock } from '../../../../src/cache/time/clock.js';
import { KeptWrites } from '../../../../src/cache/journal/kept-writes.js';
import { Lanes } from '../../../../src/cache/journal/lanes.js';
import type { Journal } from '../../../../src/cache/journal/journal.js';
import { Recovery } from '../../../../src/cache/journal/recovery.js';
import { createFlushCounters } from '../../../../src/cache/metrics/flush-counters.js';
import { cacheLog } from '../../../support/cache-log.js';
import { manualClock } from '../../../support/manual-clock.js';
import { needsRedis } from '../../../support/needs.js';
import { places, placeTable, type PlacesOptions } from '../../../support/worlds/places.js';
import { workerRedis } from '../../../support/servers/worker-redis.js';

const IDS = [1, 2, 3, 4, 5];
const NO_CONNECTION = new Error('no connection');

describe.skipIf(!needsRedis())('a journal that is emptied', () => {
  let url: string;
  let admin: Redis;
  beforeEach(async () => {
    ({ url } = await workerRedis());
    admin = new Redis(url);
    return () => admin.disconnect();
  });

  const journal = (): Journal => redisJournal(new Redis(url, { lazyConnect: true }));
  const process = (options: PlacesOptions = {}) =>
    places({ clock: systemClock, journal: journal(), ...options });
  type Process = Awaited<ReturnType<typeof process>>;

  const secondsOf = ({ table }: Process) => IDS.map((id) => table.rows.get(`${id}`)?.seconds);
  const flushedOf = async ({ cache }: Process) => (await cache.writes.journal()).flushed;

  /** Five writes that the journal has, and the database cannot take. */
  async function accepted(options?: PlacesOptions): Promise<Process> {
    const tested = await process(options);
    tested.table.faults.flush = NO_CONNECTION;
    for (const id of IDS) {
      expect((await tested.note(id, id * 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    }
    return tested;
  }

  it('is filled again by the process that accepted the writes, and all are flushed', async () => {
    const tested = await accepted();
    await admin.flushall();
    tested.table.faults.flush = undefined;
    await expect.poll(() => secondsOf(tested), { interval: 5 }).toEqual([10, 20, 30, 40, 50]);
    await tested.isFlushed();
    expect(await flushedOf(tested)).toMatchObject({ losses: 1, restored: 5, lost: 0 });
    expect(tested.logged.join('\n')).toMatch(
      /error the journal has lost accepted writes; .* {"held":\d,"restored":5,"lost":0}/,
    );
  });

  it.each(['pending', 'due', 'clock'])('of %s alone loses nothing either', async (part) => {
    const tested = await accepted();
    await admin.del(await admin.keys(`*:${part}`));
    tested.table.faults.flush = undefined;
    await expect.poll(() => secondsOf(tested), { interval: 5 }).toEqual([10, 20, 30, 40, 50]);
    await tested.isFlushed();
  });

  it('of nothing, whose clock was set back by an hour, does not put writes off for an hour', async () => {
    const tested = await accepted();
    for (const due of await admin.keys('*:due')) {
      for (const id of IDS) await admin.zadd(due, 'XX', 'INCR', 60 * 60 * 1000, `Place:${id}`);
    }
    tested.table.faults.flush = undefined;
    await expect
      .poll(() => secondsOf(tested), { interval: 5, timeout: 15_000 })
      .toEqual([10, 20, 30, 40, 50]);
  });

  it('loses nothing where the process ends right after it', async () => {
    const tested = await accepted();
    tested.table.faults.flush = undefined;
    await admin.flushall();
    await tested.cache.close();
    expect(secondsOf(tested)).toEqual([10, 20, 30, 40, 50]);
  });

  it('loses in the open what a process accepted that is no more', async () => {
    const table = placeTable();
    const other = await process({ table });
    table.faults.flush = NO_CONNECTION;
    // Accepted by a process that dies: it keeps nothing.
    const dead = journal();
    await dead.open?.({ log: cacheLog() });
    for (const id of IDS) await dead.accept({ key: `Place:${id}`, record: Buffer.from('?'), delayMs: 0 });
    await dead.close();
    await expect.poll(async () => (await other.cache.writes.journal()).size?.pending).toBe(5);
    // It has looked since.
    const { retries } = await flushedOf(other);
    await other.note(6, 60);
    await expect.poll(async () => (await flushedOf(other)).retries).toBeGreaterThan(retries);
    await admin.flushall();
    await expect
      .poll(() => other.logged.join('\n'))
      .toMatch(/error the journal has lost accepted writes; .* {"held":6,"restored":1,"lost":0}/);
  });

  it('counts what it can lose without help: what there was no room to keep', async () => {
    const [counters, log] = [createFlushCounters(), cacheLog()];
    const kept = new KeptWrites({ maxBytes: 10 });
    const robbed = journal();
    const recovery = new Recovery({
      ...{ journal: robbed, kept, counters, log, clock: systemClock, lanes: new Lanes(systemClock) },
      targetOf: () => undefined,
      recordOf: () => undefined,
      restoredRecordOf: (record) => record,
      superseded: { by: () => Promise.resolve(true) },
      invalidate: () => Promise.resolve(),
    });
    await robbed.open?.({ log, onDoubt: (doubt) => recovery.doubted(doubt) });
    onTestFinished(() => robbed.close());
    for (const key of ['Row:1', 'Row:2']) {
      const record = Buffer.alloc(8);
      kept.add({ key, record, seq: (await robbed.accept({ key, record, delayMs: 0 })).seq }, 0);
    }
    await admin.flushall();
    await robbed.claim({ limit: 10, forMs: 1000 });
    await recovery.step();
    expect(counters).toMatchObject({ losses: 1, restored: 1, lost: 1 });
    expect(log.lines.join('\n')).toContain('"restored":1,"lost":1}');
    expect(await robbed.pending(['Row:1', 'Row:2'])).toMatchObject([{ key: 'Row:1' }, undefined]);
  });

  /** A clock whose sleepers sleep until it goes on. */
  function standingClock(): Clock & { goOn(): void } {
    const { nowMs, sleep, after } = systemClock;
    const sleepers = new Set<() => void>();
    let isStanding = true;
    const goOn = (): void => {
      isStanding = false;
      for (const wake of sleepers) wake();
    };
    // Otherwise a test that fails could not close its cache.
    onTestFinished(goOn);
    return {
      nowMs,
      goOn,
      sleep: (ms) => (isStanding ? new Promise((resolve) => sleepers.add(resolve)) : sleep(ms)),
      after: (ms, callback) => {
        if (!isStanding) return after(ms, callback);
        sleepers.add(callback);
        return () => void sleepers.delete(callback);
      },
    };
  }

  it('is not filled with what was superseded meanwhile, as far as reads can tell', async () => {
    const table = placeTable();
    const [standing, running] = [standingClock(), manualClock()];
    const one = await process({ table, clock: standing });
    const other = await process({ table, clock: running });
    await one.note(1, 10);
    await other.isFlushed();
    await other.note(1, 20);
    await other.isFlushed();
    // The one that was standing has not looked since.
    await admin.flushall();
    let end = (): void => undefined;
    table.faults.flush = new Promise((resolve) => (end = resolve));
    onTestFinished(end);
    standing.goOn();
    await expect.poll(async () => (await one.cache.writes.journal()).size?.pending).toBe(1);
    const reading = async (): Promise<unknown> => {
      await other.cache.invalidate(['Place:1']);
      // A journal in doubt is waited for as long as this clock says.
      const passing = setInterval(() => running.advance(100), 1);
      const [found] = await other.read('aside', 1);
      clearInterval(passing);
      return found;
    };
    expect(await reading()).toBe(20);
    // Long after what was in doubt is believed again.
    running.advance(10_000);
    expect(await reading()).toBe(20);
    // Counted once all of the recovery has ended.
    await expect.poll(() => flushedOf(one)).toMatchObject({ restored: 1 });
  });

  it('shows at once what is accepted after it', async () => {
    const { note, read, table } = await process();
    let end = (): void => undefined;
    table.faults.flush = new Promise((resolve) => (end = resolve));
    onTestFinished(end);
    await note(1, 10);
    await admin.flushall();
    expect(await read('aside', 1)).toEqual([null, expect.any(String)]);
    await note(1, 30);
    expect(await read('aside', 1)).toEqual([30, 'PENDING']);
  });
});
