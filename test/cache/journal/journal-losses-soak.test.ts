import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal, redisStore } from '../../../src/cache/redis/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { freePort } from '../../support/free-port.js';
import { needsRedis } from '../../support/needs.js';
import { places, placeTable } from '../../support/worlds/places.js';
import { privateRedisAt } from '../../support/private-redis.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** How often each trouble comes; CORRAL_SOAK=1 takes its time. */
const ROUNDS = process.env['CORRAL_SOAK'] === '1' ? 20 : 2;
const IDS = [1, 2, 3, 4, 5, 6];
const CALM_MS = 700;
/** Of reads, and of writes, for a run that shows something. */
const ENOUGH = 100;
/** What is accepted in the last moment before Redis dies is in the database this much later, on a machine with time. */
const SAVED_WITHIN_MS = 400;

interface Stale {
  readonly trouble: string;
  /** How long after it the read began. */
  readonly afterMs: number;
}

/** Two processes on one Redis, which is emptied, or dies and comes back with an old file. */
async function soak(rounds: number) {
  const port = await freePort();
  const files = ['--dir', await temporaryFolder(), '--dbfilename', 'saved.rdb'];
  let server = await privateRedisAt(port, ...files);
  onTestFinished(() => server.stop());
  const table = placeTable();
  const client = () => new Redis(server.url, { lazyConnect: true });
  const started = () =>
    places({
      table,
      clock: systemClock,
      store: redisStore(client(), { prefix: 'soak' }),
      journal: redisJournal(client(), { prefix: 'soak', storePrefix: 'soak' }),
    });
  const processes = [await started(), await started()];
  const [one, other] = processes;
  if (one === undefined || other === undefined) throw new Error('there are two processes');
  const admin = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  onTestFinished(() => admin.disconnect());

  const acknowledged = new Map(IDS.map((id) => [id, 0]));
  const stale: Stale[] = [];
  let [isOver, reads, writes, trouble, sinceMs] = [false, 0, 0, 'none', 0];
  const write = async (id: number): Promise<void> => {
    for (let seconds = 1; !isOver; seconds += 1) {
      const { outcomes } = await (seconds % 2 === 0 ? one : other).note(id, seconds);
      writes += 1;
      // One that went past a journal which is away may be seen late by others, and says so.
      if (outcomes[0] === 'Mutation.note QUEUED') acknowledged.set(id, seconds);
      await passes(20);
    }
  };
  const read = async (from: typeof one): Promise<void> => {
    for (let next = 0; !isOver; next += 1) {
      const id = IDS[next % IDS.length] ?? 1;
      const [atLeast, afterMs] = [acknowledged.get(id) ?? 0, Math.round(performance.now() - sinceMs)];
      const [seconds] = await from.read(next % 2 === 0 ? 'aside' : 'through', id);
      reads += 1;
      if ((seconds ?? 0) < atLeast) stale.push({ trouble, afterMs });
      await passes(3);
    }
  };
  const comes = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await passes(CALM_MS);
    [trouble, sinceMs] = [what, performance.now()];
    await work();
  };
  const troubles = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      await comes('emptied', () => admin.flushall());
      await admin.save();
      await comes('back to an old file', async () => {
        await server.stop();
        server = await privateRedisAt(port, ...files);
      });
    }
    await passes(CALM_MS);
    while (reads <= ENOUGH || writes <= ENOUGH) await passes(20);
    isOver = true;
  };
  await Promise.all([
    troubles(),
    ...IDS.map(write),
    ...processes.flatMap((each) => [read(each), read(each)]),
  ]);
  await Promise.all(processes.map(({ isFlushed }) => isFlushed()));
  const lost = IDS.filter((id) => (table.rows.get(`${id}`)?.seconds ?? 0) < (acknowledged.get(id) ?? 0));
  return { stale, lost };
}

describe.skipIf(!needsRedis())('writes that two processes accept', () => {
  it('outlast a journal that is emptied, and one that goes back to an old file', async () => {
    const { stale, lost } = await soak(ROUNDS);
    expect(lost).toEqual([]);
    // docs/write-behind.md says when.
    expect(stale.filter(({ afterMs }) => afterMs > SAVED_WITHIN_MS)).toEqual([]);
  }, 120_000);
});
