import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { removeOutbox } from '../../../../src/cache/postgres/index.js';
import {
  filmProcess,
  type FilmProcess,
  type FilmProcessSettings,
} from '../../../support/processes/film-process.js';
import { needsPostgres, needsRedis } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { testedRedis, type TestedRedis } from '../../../support/servers/tested-redis.js';
import { expectTime } from '../../../support/run/expect-time.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

const isLong = process.env['ATTACKS'] === 'long';
const sources = ['log', 'triggers'] as const;
/** Of two processes that watch triggers the one that outlives the first takes rows for sure. */
const killsOf = { log: isLong ? 20 : 1, triggers: isLong ? 20 : 2 };
/** Whether what was written is confirmed in the database, or gone from it. */
const confirmedIn = {
  log: 'SELECT confirmed_flush_lsn >= pg_current_wal_flush_lsn() AS is FROM pg_replication_slots WHERE database = current_database()',
  triggers: 'SELECT NOT EXISTS (SELECT FROM corral."CacheOutbox") AS is',
};
const ids = Array.from({ length: 40 }, (_, id) => id + 1);

describe.skipIf(!needsPostgres() || !needsRedis())('processes over one database that others write to', () => {
  let postgres: PrivatePostgres;
  let redis: TestedRedis;
  let pool: pg.Pool;
  let settings: Omit<FilmProcessSettings, 'source'>;
  beforeAll(async () => {
    postgres = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    redis = await testedRedis();
    const databaseUrl = await postgres.createDatabase();
    settings = { databaseUrl, redisUrl: redis.url };
    pool = new pg.Pool({ connectionString: databaseUrl });
    pool.on('error', () => undefined);
    await pool.query('CREATE TABLE films (id int PRIMARY KEY, seen int NOT NULL)');
    await pool.query('INSERT INTO films SELECT n, 0 FROM generate_series(1, 40) AS n');
    return () => pool.end();
  });

  /** Other programs that write all the time, until the test ends or this is called. */
  function writing(): () => Promise<number> {
    let isOver = false;
    const writer = async (): Promise<number> => {
      let written = 0;
      for (; !isOver; written += 1) {
        await pool.query('UPDATE films SET seen = seen + 1 WHERE id = $1', [
          1 + Math.floor(Math.random() * 40),
        ]);
      }
      return written;
    };
    const writers = Promise.all([writer(), writer(), writer()]);
    onTestFinished(() => void (isOver = true));
    return async () => {
      isOver = true;
      return (await writers).reduce((sum, written) => sum + written, 0);
    };
  }
  const inDatabase = async () =>
    (await pool.query<{ seen: number }>('SELECT seen FROM films ORDER BY id')).rows.map(({ seen }) => seen);
  const isFresh = async (one: FilmProcess) =>
    JSON.stringify(await one.read(ids)) === JSON.stringify(await inDatabase());
  /** How many of the films one of them answers with what they were; after writes have ended, and this time. */
  const stale = async (processes: readonly FilmProcess[], withinMs = 3000) => {
    for (const one of processes)
      await expect
        .poll(() => isFresh(one), { timeout: withinMs })
        .toBe(true)
        .catch(() => undefined);
    const now = await inDatabase();
    const answers = await Promise.all(processes.map((one) => one.read(ids)));
    return answers.flatMap((answer) => answer.filter((seen, index) => seen !== now[index])).length;
  };

  /** A mutation of one of them is acknowledged once it is applied, by the other one too. */
  async function acknowledged(first: FilmProcess, second: FilmProcess): Promise<void> {
    for (const [writes, reads] of [
      [first, second],
      [second, first],
    ] as const) {
      for (let id = 1; id <= 20; id += 1) {
        await reads.read([id]);
        const written = await writes.write(id);
        expect(await reads.read([id])).toEqual([written]);
      }
    }
  }

  it.each(sources)(
    'acknowledge a mutation once it is applied, by whichever, and miss nothing when the one that reads is killed under load: %s',
    async (source) => {
      const kills = killsOf[source];
      let [reads, follows] = [
        await filmProcess({ ...settings, source }),
        await filmProcess({ ...settings, source }),
      ];
      await acknowledged(reads, follows);
      const tookMs: number[] = [];
      for (let kill = 0; kill < kills; kill += 1) {
        const stop = writing();
        for (let round = 0; round < 10; round += 1) await Promise.all([reads.read(ids), follows.read(ids)]);
        await reads.kill();
        expect(await stop()).toBeGreaterThan(10);
        const killedAtMs = performance.now();
        await expect.poll(() => isFresh(follows), { timeout: 15_000, interval: 20 }).toBe(true);
        tookMs.push(Math.round(performance.now() - killedAtMs));
        expect(await stale([follows])).toBe(0);
        if (kill < kills - 1) [reads, follows] = [follows, await filmProcess({ ...settings, source })];
      }
      if (kills > 1) process.stdout.write(`fresh again after ${tookMs.join(', ')} ms\n`);
      expectTime(Math.max(...tookMs)).toBeLessThan(2000);
    },
  );

  it.each(sources)(
    'serve what was before where it counts as applied before it is, the fault that this test must notice: %s',
    async (source) => {
      const first = await filmProcess({ ...settings, source, plant: 'confirmed-early' });
      const next = await filmProcess({ ...settings, source, plant: 'confirmed-early' });
      await next.read(ids);
      await pool.query('UPDATE films SET seen = seen + 1');
      const isConfirmed = async () => (await pool.query<{ is: boolean }>(confirmedIn[source])).rows[0]?.is;
      await expect.poll(isConfirmed, { interval: 10 }).toBe(true);
      await Promise.all([first.kill(), next.kill()]);
      expect(await stale([await filmProcess({ ...settings, source })], 500)).toBe(40);
    },
  );

  if (isLong)
    it('serve nothing that is stale while they go from triggers to the log and back, under load', async () => {
      const before = [await filmProcess({ ...settings, source: 'triggers' })];
      for (const source of ['log', 'triggers'] as const) {
        const stop = writing();
        const after = await filmProcess({ ...settings, source });
        for (let round = 0; round < 10; round += 1) for (const one of [...before, after]) await one.read(ids);
        await stop();
        expect(await stale([...before, after])).toBe(0);
        const goesOn = writing();
        for (const one of before.splice(0)) await one.kill();
        for (let round = 0; round < 5; round += 1) await after.read(ids);
        await goesOn();
        if (source === 'log') await removeOutbox({ pool, keepTables: true });
        expect(await stale([after])).toBe(0);
        before.push(after);
      }
    });
});
