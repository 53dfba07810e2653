import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal } from '../../../../src/cache/redis/index.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { freePort } from '../../../support/free-port.js';
import { needsRedis } from '../../../support/needs.js';
import { places, placeTable, type PlaceTable } from '../../../support/worlds/places.js';
import { privateRedisAt, type PrivateRedis } from '../../../support/private-redis.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const NO_CONNECTION = new Error('no connection');

describe.skipIf(!needsRedis())('a Redis that comes back with an older journal', () => {
  type Process = Awaited<ReturnType<typeof started>>;

  const started = ({ url }: PrivateRedis, table: PlaceTable = placeTable()) =>
    places({ table, clock: systemClock, journal: redisJournal(new Redis(url, { lazyConnect: true })) });

  /** What reads without an entry find. */
  async function read({ cache, read: ask }: Process): Promise<unknown> {
    await cache.invalidate(['Place:1']);
    return (await ask('aside', 1))[0];
  }

  /** Dies with 10 pending in its file; 20 was accepted since, and `end` says what became of it. */
  async function withOldFile(end: (process: Process) => Promise<void> = () => Promise.resolve()) {
    const port = await freePort();
    const files = ['--dir', await temporaryFolder(), '--dbfilename', 'saved.rdb'];
    const before = await privateRedisAt(port, ...files);
    const process = await started(before);
    process.table.faults.flush = NO_CONNECTION;
    await process.note(1, 10);
    const admin = new Redis(before.url);
    await admin.save();
    admin.disconnect();
    await process.note(1, 20);
    await end(process);
    await before.stop();
    const back = async (): Promise<PrivateRedis> => {
      const after = await privateRedisAt(port, ...files);
      onTestFinished(() => after.stop());
      return after;
    };
    return { process, back };
  }

  /** Flushes wait until what this answers with is called. */
  function hold(table: PlaceTable): () => void {
    let end = (): void => undefined;
    table.faults.flush = new Promise((resolve) => (end = resolve));
    onTestFinished(end);
    return end;
  }

  const flushes = async (process: Process): Promise<void> => {
    process.table.faults.flush = undefined;
    await process.isFlushed();
  };

  it('does not have reads believe what was flushed and superseded, nor brings it back', async () => {
    const { process, back } = await withOldFile(flushes);
    expect(await read(process)).toBe(20);
    const goOn = hold(process.table);
    await back();
    const seen = new Set<unknown>();
    await expect
      .poll(
        async () => {
          seen.add(await read(process));
          return (await process.cache.writes.journal()).size?.pending;
        },
        { interval: 5, timeout: 15_000 },
      )
      .toBe(1);
    // One after another they would wait for longer than the journal is doubted.
    for (const found of await Promise.all([1, 2, 3].map(() => read(process)))) seen.add(found);
    goOn();
    expect([...seen]).toEqual([20]);
  });

  it('does not have a process believe it that starts only then', async () => {
    const { process, back } = await withOldFile(flushes);
    await process.cache.close();
    const { table } = process;
    const goOn = hold(table);
    const late = await started(await back(), table);
    const seen = await read(late);
    goOn();
    expect(seen).toBe(20);
  });

  it('finds the database with what was accepted, and nothing is lost or counted as such', async () => {
    const { process, back } = await withOldFile();
    expect(process.table.rows.size).toBe(0);
    process.table.faults.flush = undefined;
    await expect.poll(() => process.table.rows.get('1')?.seconds, { interval: 5 }).toBe(20);
    // Redis is still away: nothing but that was needed.
    const { flushed, size } = await process.cache.writes.journal();
    expect([flushed, size]).toEqual([expect.objectContaining({ rescued: 1, lost: 0 }), undefined]);
    expect(await read(process)).toBe(20);
    await back();
    await process.isFlushed();
    expect(await read(process)).toBe(20);
    expect((await process.cache.writes.journal()).flushed).toMatchObject({ losses: 0, restored: 0, lost: 0 });
  });

  it('is given what it has lost, where the database was away too', async () => {
    const { process, back } = await withOldFile();
    await back();
    await expect
      .poll(async () => (await process.cache.writes.journal()).flushed.restored, { timeout: 15_000 })
      .toBe(1);
    await flushes(process);
    expect(process.table.rows.get('1')?.seconds).toBe(20);
  });

  it('counts what this process keeps as waiting, before it is written down again too', async () => {
    const port = await freePort();
    const before = await privateRedisAt(port);
    const process = await started(before);
    process.table.faults.flush = NO_CONNECTION;
    await process.note(1, 10);
    await before.stop();
    const after = await privateRedisAt(port);
    onTestFinished(() => after.stop());
    const seen = new Set<number>();
    const restored = async (): Promise<number> => {
      const { flushed, size } = await process.cache.writes.journal();
      if (size !== undefined) seen.add(size.pending);
      return flushed.restored;
    };
    await expect.poll(restored, { interval: 1, timeout: 15_000 }).toBe(1);
    expect([...seen].filter((pending) => pending === 0)).toEqual([]);
    await flushes(process);
    expect(process.table.rows.get('1')?.seconds).toBe(10);
  });

  it('leaves a row that is refused while it is away to the dead letters', async () => {
    const { process, back } = await withOldFile(async ({ note }) => void (await note(2, 5)));
    const flushesOf = async () => (await process.cache.writes.journal()).flushed.flushes;
    const before = await flushesOf();
    process.table.faults.flush = new Error('refused');
    // Both together, then each alone.
    await expect.poll(flushesOf, { timeout: 15_000 }).toBeGreaterThanOrEqual(before + 3);
    await back();
    await expect
      .poll(
        async () => (await process.cache.writes.deadLetters().catch(() => [])).map(({ key }) => key).sort(),
        {
          timeout: 15_000,
        },
      )
      .toEqual(['Place:1', 'Place:2']);
  });
});
