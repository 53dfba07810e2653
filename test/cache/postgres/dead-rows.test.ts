import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EmptyNotes } from '../../../src/cache/postgres/empty-notes.js';
import { homeOf } from '../../../src/cache/postgres/home.js';
import { outboxOfStore } from '../../../src/cache/postgres/outbox-of-store.js';
import { relayStatements } from '../../../src/cache/postgres/relay-statements.js';
import { needsPostgres } from '../../support/needs.js';
import { useFilmsWithOutbox } from '../../support/servers/films-with-outbox.js';

const isLong = process.env['ATTACKS'] === 'long';
const rows = isLong ? 1_000_000 : 50_000;
const home = homeOf('corral');
const { look, take, others } = relayStatements(home);

describe.skipIf(!needsPostgres())('rows that were taken, and that an old transaction keeps', () => {
  const database = useFilmsWithOutbox();

  const relay = (notes?: EmptyNotes) => {
    const outbox = outboxOfStore({
      ...{
        home,
        pool: database.pool,
        store: 'one',
        endsWithProcess: false,
        listen: () => () => Promise.resolve(),
      },
      ...(notes && { notes }),
    });
    const told = async (): Promise<string[]> => {
      const tags = new Set<string>();
      const relayed = () =>
        outbox.relay((taken) => {
          for (const row of taken) for (const tag of row.tags) tags.add(tag);
          return Promise.resolve();
        });
      // A look that stands still on a busy machine loses its transaction, and another one takes the rows.
      while ((await relayed().catch(() => undefined)) === undefined);
      return [...tags].sort();
    };
    return { outbox, told };
  };
  const session = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  };
  /** Pages that a statement reads. */
  const pagesOf = async (statement: string, values: unknown[]): Promise<number> => {
    const client = await session();
    // The catalogue is read by the first statement of a session.
    await client.query(look, ['one']);
    await client.query('BEGIN');
    const { rows: lines } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, BUFFERS) ${statement}`,
      values,
    );
    await client.query('ROLLBACK');
    const first = lines.map((line) => line['QUERY PLAN']).find((line) => line.includes('Buffers: shared'));
    return [...(first ?? '').matchAll(/(?:hit|read)=(\d+)/g)].reduce(
      (sum, [, pages]) => sum + Number(pages),
      0,
    );
  };

  it(
    `are read once and no more, ${rows} of them, and one that comes late from a low place is found`,
    { timeout: 300_000 },
    async () => {
      const { outbox, told } = relay();
      await outbox.register();
      const [old, late] = [await session(), await session()];
      await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
      await late.query('BEGIN; INSERT INTO films VALUES (0)');
      await database.pool.query(`DO $$ BEGIN FOR part IN 1..${rows / 500} LOOP
      INSERT INTO corral."CacheOutbox" ("store", "tags") SELECT 'one', '{Other}' FROM generate_series(1, 500); COMMIT; END LOOP; END $$`);
      const beganAtMs = performance.now();
      expect(await told()).toEqual(['Other']);
      const tookMs = Math.round(performance.now() - beganAtMs);
      await database.pool.query('INSERT INTO films VALUES (1)');
      expect(await told()).toEqual(['Film', 'Film:1']);
      const looks = [
        await pagesOf(look, ['one']),
        await pagesOf(take, ['one', 500, null, '300']),
        // As another store asks how far this one is.
        await pagesOf(others, ['two']),
      ];
      if (isLong)
        process.stdout.write(
          `pages read by a look, by taking, and by another store: ${looks.join(', ')}; taken in ${tookMs} ms\n`,
        );
      expect(Math.max(...looks)).toBeLessThan(200);
      await late.query('COMMIT');
      expect(await told()).toEqual(['Film', 'Film:0']);
      expect(await told()).toEqual([]);
    },
  );

  it(
    'hide none that comes later, in whatever order transactions begin and end',
    { timeout: 120_000 },
    async () => {
      const relays = [1, 2, 3].map(() => relay(new EmptyNotes({ everyMs: 0, fromRows: 0 })));
      await relays[0]?.outbox.register();
      const told = new Set<string>();
      let isOver = false;
      const relaying = relays.map(async (one) => {
        for (let isLast = false; !isLast;) {
          isLast = isOver;
          for (const tag of await one.told()) told.add(tag);
        }
      });
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        const client = await session();
        for (let write = 0; write < 60; write += 1) {
          await client.query(`BEGIN; INSERT INTO films VALUES (${writer * 1000 + write})`);
          await client.query('SELECT pg_sleep($1)', [writer === 0 ? 0.2 : Math.random() / 100]);
          await client.query(write % 10 === 9 ? 'ROLLBACK' : 'COMMIT');
        }
      });
      await Promise.all(writers);
      isOver = true;
      await Promise.all(relaying);
      const { rows: films } = await database.pool.query<{ tag: string }>(
        `SELECT 'Film:' || id AS tag FROM films`,
      );
      expect(films.filter(({ tag }) => !told.has(tag))).toEqual([]);
      const { rows: seen } = await database.pool.query<{ isSeen: boolean }>(
        `SELECT pg_snapshot_xmin("seen") > '1' AS "isSeen" FROM corral."CacheStore"`,
      );
      expect(seen).toEqual([{ isSeen: true }]);
    },
  );

  it('are looked for from the beginning where the note is of another server, or of before a start', async () => {
    const { outbox, told } = relay();
    await outbox.register();
    await database.pool.query('INSERT INTO films VALUES (1)');
    await database.pool.query(`UPDATE corral."CacheStore" SET "seen" = '900000000:900000000:'`);
    expect(await told()).toEqual(['Film', 'Film:1']);
    await database.pool.query('INSERT INTO films VALUES (2)');
    await database.pool.query(`UPDATE corral."CacheStore" SET "seen" = pg_current_snapshot()`);
    expect(await told()).toEqual([]);
    expect(await outbox.register()).toBe(true);
    expect(await told()).toEqual(['Film', 'Film:2']);
  });
});
