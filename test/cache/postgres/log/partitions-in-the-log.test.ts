import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostgresOutboxOptions, Tables } from '../../../../src/cache/postgres/index.js';
import { needsPostgres } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { FORGET, logWorld, told } from './log-world.js';

const making = `
  CREATE TABLE films (id int PRIMARY KEY, made_by int, title text) PARTITION BY RANGE (id);
  CREATE TABLE films_1 PARTITION OF films FOR VALUES FROM (0) TO (100);
  CREATE TABLE boards (nr int NOT NULL, text text) PARTITION BY RANGE (nr);
  CREATE TABLE boards_1 PARTITION OF boards FOR VALUES FROM (0) TO (100)`;
const newFilms = 'CREATE TABLE films_2 PARTITION OF films FOR VALUES FROM (100) TO (200)';
const newBoards = 'CREATE TABLE boards_2 PARTITION OF boards FOR VALUES FROM (100) TO (200)';
const tables: Tables = {
  Film: { table: 'films', tags: ['Maker:{made_by}'] },
  Shelf: { table: 'boards', id: ['nr'] },
};

describe.skipIf(!needsPostgres())('the log of a table with partitions', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
  });
  afterAll(() => server.stop());

  async function world(options: Pick<PostgresOutboxOptions, 'triggers'> = {}) {
    const made = logWorld(await server.createDatabase());
    await made.pool.query(making);
    const { outbox, log } = await made.open({ tables, store: 'one' });
    await told(outbox);
    // The owner of the tables has started a process; the one that reads may be another.
    if (options.triggers === 'check') {
      await outbox.close();
      const active = () => made.pool.query('SELECT FROM pg_replication_slots WHERE active');
      await expect.poll(async () => (await active()).rowCount).toBe(0);
      const checks = await made.open({ tables, store: 'one', ...options });
      return { ...made, ...checks };
    }
    return { ...made, outbox, log };
  }

  it('tells of a partition that is made later what its rows were and are, without forgetting anything', async () => {
    const { pool, outbox } = await world();
    await pool.query(`${newFilms}; INSERT INTO films VALUES (100, 7)`);
    expect(await told(outbox)).toEqual(['Film', 'Film:100', 'Maker:7']);
    await outbox.keep();
    await pool.query('UPDATE films SET made_by = 8');
    expect(await told(outbox)).toEqual(['Film', 'Film:100', 'Maker:7', 'Maker:8']);
    await pool.query('DELETE FROM films_2');
    expect(await told(outbox)).toEqual(['Film', 'Film:100', 'Maker:8']);
  });

  it('ends everything when a store reads of a new partition whose slot ends with its process, before that look succeeds', async () => {
    const { pool, open } = await world();
    const { outbox } = await open({ tables, store: undefined });
    await told(outbox);
    await pool.query(`${newFilms}; INSERT INTO films VALUES (100, 7)`);
    expect(await told(outbox)).toContain(FORGET);
    await pool.query('INSERT INTO films VALUES (101, 7)');
    expect(await told(outbox)).toEqual(['Film', 'Film:101', 'Maker:7']);
  });

  it('ends everything where a partition does not say what its rows were', async () => {
    const { pool, outbox } = await world({ triggers: 'check' });
    await told(outbox);
    await pool.query(`${newFilms}; INSERT INTO films VALUES (100, 7)`);
    expect(await told(outbox)).toEqual(['Film', 'Film:100', 'Maker:7']);
    await pool.query('UPDATE films SET made_by = 8');
    expect(await told(outbox)).toEqual([FORGET]);
    await pool.query('DELETE FROM films');
    expect(await told(outbox)).toEqual([FORGET]);
  });

  it('says once which partition does not tell what is needed, where its owner must change that', async () => {
    const { pool, outbox, log } = await world({ triggers: 'check' });
    await told(outbox);
    await pool.query(newFilms);
    await outbox.keep();
    await outbox.keep();
    expect(log.lines.filter((line) => line.includes('ALTER TABLE public.films_2'))).toEqual([
      expect.stringMatching(
        /^warn .*the owner of the tables runs `npx graphql-corral outbox apply --source log`:\n {2}- .*public\.films_2: ALTER TABLE public\.films_2 REPLICA IDENTITY FULL;$/,
      ),
    ]);
  });

  it('lets a partition without a primary key that is made later be changed, once it has told of its first row', async () => {
    const { pool, outbox } = await world();
    await pool.query(newBoards);
    await pool.query(`INSERT INTO boards VALUES (100, 'a')`);
    const changed = async () =>
      (await pool.query(`UPDATE boards SET text = 'b'`).catch(() => undefined))?.rowCount;
    expect(await changed()).toBe(undefined);
    expect(await told(outbox)).toEqual(['Shelf', 'Shelf:100']);
    await expect.poll(changed).toBe(1);
    expect(await told(outbox)).toEqual(['Shelf', 'Shelf:100']);
  });

  it('lets such a partition be changed without a row, within the minute in which processes look after it', async () => {
    const { pool, outbox } = await world();
    await pool.query(newBoards);
    await outbox.keep();
    await pool.query(`INSERT INTO boards VALUES (100, 'a')`);
    await pool.query(`UPDATE boards SET text = 'b'`);
    expect(await told(outbox)).toEqual(['Shelf', 'Shelf:100']);
  });

  it('ends everything when one of them is truncated, also one that was made later', async () => {
    const { pool, outbox } = await world();
    await pool.query('TRUNCATE films_1');
    expect(await told(outbox)).toEqual([FORGET]);
    await pool.query(`${newFilms}; TRUNCATE films_2`);
    expect(await told(outbox)).toEqual([FORGET]);
    await pool.query('TRUNCATE films');
    expect(await told(outbox)).toEqual([FORGET]);
  });

  it('ends everything for changes of a partition that is gone when they are read, and goes on', async () => {
    const { pool, outbox } = await world();
    await pool.query(`${newFilms}; INSERT INTO films VALUES (100, 7)`);
    await pool.query('DELETE FROM films_2; ALTER TABLE films DETACH PARTITION films_2');
    expect(await told(outbox)).toContain(FORGET);
    await pool.query('INSERT INTO films VALUES (1, 7)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1', 'Maker:7']);
  });
});
