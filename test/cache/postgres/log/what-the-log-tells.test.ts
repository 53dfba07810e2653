import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Tables } from '../../../../src/cache/postgres/index.js';
import { needsPostgres } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { rowsOfOthers, tagsOfOthers, versionsOfOthers, writesOfOthers } from '../rows-of-others.js';
import { FORGET, logWorld, told } from './log-world.js';

const making = `
  CREATE TABLE films (id int PRIMARY KEY, made_by int, title text, version int NOT NULL DEFAULT 1);
  CREATE TABLE makers (id uuid PRIMARY KEY, name text);
  CREATE TABLE shelves (shop int, nr text, good boolean NOT NULL DEFAULT true, PRIMARY KEY (shop, nr, good)) PARTITION BY LIST (shop);
  CREATE TABLE shelves_1 PARTITION OF shelves FOR VALUES IN (1);
  CREATE TABLE shelves_2 PARTITION OF shelves FOR VALUES IN (2);
  CREATE TABLE notes (id int PRIMARY KEY, text text)`;
const tables: Tables = {
  Film: { table: 'films', tags: ['Maker:{made_by}'] },
  Maker: { table: 'makers' },
  Shelf: { table: 'shelves' },
};
const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

describe.skipIf(!needsPostgres())('the log of the database tells', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
  });
  afterAll(() => server.stop());

  async function world(given: { tables?: Tables; making?: string; store?: string | undefined } = {}) {
    const made = logWorld(await server.createDatabase());
    await made.pool.query(given.making ?? making);
    const { outbox, log } = await made.open({
      tables: given.tables ?? tables,
      store: 'store' in given ? given.store : 'redis here:6379/0 films',
    });
    await told(outbox);
    return {
      ...made,
      outbox,
      log,
      after: async (sql: string) => told(outbox, await made.pool.query(sql).then(() => ({}))),
    };
  }

  it('of everything first, since nothing is known of what was stored before', async () => {
    const made = logWorld(await server.createDatabase());
    await made.pool.query(making);
    const { outbox, log } = await made.open({ tables, store: 'one' });
    expect(await told(outbox)).toEqual([FORGET]);
    expect(await told(outbox)).toEqual([]);
    expect(log.lines).toEqual(
      [
        'info Writes are read from the log of the database.',
        'info The log tells of the tables films, makers, shelves now.',
        expect.stringMatching(/^warn The server has max_slot_wal_keep_size = -1:/),
      ].sort((a, b) => log.lines.indexOf(String(a)) - log.lines.indexOf(String(b))),
    );
  });

  it('of a row of a table that inherits from another one as of a row of both', async () => {
    const { after } = await world({
      making:
        'CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE derived (extra text) INHERITS (base); CREATE TABLE last () INHERITS (derived)',
      tables: { Base: { table: 'base' }, Derived: { table: 'derived', id: ['id'] } },
    });
    const both = ['Base', 'Base:1', 'Derived', 'Derived:1'];
    expect(await after(`INSERT INTO derived VALUES (1, 'x')`)).toEqual(both);
    expect(await after(`DELETE FROM base WHERE id = 1`)).toEqual(both);
    expect(await after(`INSERT INTO last VALUES (1, 'x')`)).toEqual(both);
  });

  it('of no version of a row of another table that bears the same key', async () => {
    const { outbox, pool } = await world({
      making: `CREATE TABLE films (id int PRIMARY KEY, version int NOT NULL DEFAULT 9);
        CREATE TABLE makers (film_id int PRIMARY KEY, version int NOT NULL DEFAULT 1)`,
      tables: { Film: { table: 'films' }, Maker: { table: 'makers', tags: ['Film:{film_id}'] } },
    });
    await pool.query('INSERT INTO makers VALUES (1)');
    const versions: Record<string, number | null | undefined> = {};
    await outbox.relay((rows) =>
      Promise.resolve(
        rows.forEach((row) => row.tags.forEach((tag, place) => void (versions[tag] = row.versions?.[place]))),
      ),
    );
    expect(versions).toEqual({ Maker: null, 'Maker:1': 1, 'Film:1': null });
  });

  it('of the version of a row by a tag that only its own table can mean, and by no other', async () => {
    const made = logWorld(await server.createDatabase());
    await made.pool.query(rowsOfOthers);
    const { outbox } = await made.open({
      ...{ tables: tagsOfOthers, store: 'one', meant: Object.keys(versionsOfOthers) },
    });
    await told(outbox);
    for (const statement of writesOfOthers) await made.pool.query(statement);
    const known: Record<string, number | null> = {};
    await outbox.relay((rows) => {
      for (const { tags, versions } of rows)
        for (const [place, tag] of tags.entries()) {
          const [namespace = '', key] = tag.split(':');
          if (key !== undefined) known[namespace] = versions?.[place] ?? null;
        }
      return Promise.resolve();
    });
    expect(known).toMatchObject(versionsOfOthers);
  });

  it('of rows that are inserted, changed and deleted, as they were and as they are', async () => {
    const { after } = await world();
    expect(await after(`INSERT INTO films VALUES (1, 7, 'One')`)).toEqual(['Film', 'Film:1', 'Maker:7']);
    expect(await after(`UPDATE films SET made_by = 8 WHERE id = 1`)).toEqual([
      'Film',
      'Film:1',
      'Maker:7',
      'Maker:8',
    ]);
    expect(await after(`UPDATE films SET id = 2 WHERE id = 1`)).toEqual([
      'Film',
      'Film:1',
      'Film:2',
      'Maker:8',
    ]);
    expect(await after(`DELETE FROM films`)).toEqual(['Film', 'Film:2', 'Maker:8']);
    expect(await after(`INSERT INTO makers VALUES ('${id}', 'A')`)).toEqual(['Maker', `Maker:${id}`]);
    expect(await after(`UPDATE makers SET name = 'B'`)).toEqual(['Maker', `Maker:${id}`]);
    expect(await after(`INSERT INTO notes VALUES (1, 'of no interest')`)).toEqual([]);
  });

  it('nothing of a row that stays as it was, nor of a transaction that is rolled back', async () => {
    const { after, pool } = await world();
    await pool.query(`INSERT INTO films VALUES (1, 7, repeat(md5('x'), 1000))`);
    expect(await after('SELECT 1')).toEqual(['Film', 'Film:1', 'Maker:7']);
    expect(await after('UPDATE films SET made_by = 7')).toEqual([]);
    expect(await after(`BEGIN; INSERT INTO films VALUES (3, 3, 'No'); ROLLBACK`)).toEqual([]);
  });

  it('of every partition by the name of its table, of values as keys write them, and of a row that moves', async () => {
    const { after } = await world();
    expect(await after(`INSERT INTO shelves VALUES (1, 'a:b c', false)`)).toEqual([
      'Shelf',
      'Shelf:1:a%3ab%20c:false',
    ]);
    expect(await after(`UPDATE shelves SET shop = 2`)).toEqual([
      'Shelf',
      'Shelf:1:a%3ab%20c:false',
      'Shelf:2:a%3ab%20c:false',
    ]);
    expect(await after(`INSERT INTO shelves_2 VALUES (2, 'x')`)).toEqual(['Shelf', 'Shelf:2:x:true']);
  });

  it('of COPY, sessions that act as replicas, and tables whose triggers are disabled', async () => {
    const { after } = await world();
    expect(
      await after(
        `SET session_replication_role = replica; INSERT INTO films VALUES (1, 1, ''); RESET session_replication_role`,
      ),
    ).toEqual(['Film', 'Film:1', 'Maker:1']);
    expect(await after(`ALTER TABLE films DISABLE TRIGGER ALL; UPDATE films SET title = 'x'`)).toEqual([
      'Film',
      'Film:1',
      'Maker:1',
    ]);
    expect(
      await after(String.raw`COPY films (id, made_by) FROM PROGRAM 'printf "10\t5\n11\t5\n12\t6\n"'`),
    ).toEqual(['Film', 'Film:10', 'Film:11', 'Film:12', 'Maker:5', 'Maker:6']);
  });

  it('of a truncated table that everything must be forgotten, and goes on', async () => {
    const { after, log } = await world();
    expect(await after(`TRUNCATE films`)).toEqual([FORGET]);
    expect(log.lines.at(-1)).toBe('warn Everything stored is forgotten: a table was truncated.');
    expect(await after(`INSERT INTO films VALUES (1, 7, '')`)).toEqual(['Film', 'Film:1', 'Maker:7']);
    expect(await after(`TRUNCATE notes`)).toEqual([]);
  });

  it('of tables whose shape changes meanwhile; a renamed column that a tag names ends everything', async () => {
    const { after, log } = await world();
    expect(await after(`ALTER TABLE films ADD COLUMN more int; INSERT INTO films VALUES (1, 7, '')`)).toEqual(
      ['Film', 'Film:1', 'Maker:7'],
    );
    expect(await after(`ALTER TABLE films DROP COLUMN title; UPDATE films SET more = 1`)).toEqual([
      'Film',
      'Film:1',
      'Maker:7',
    ]);
    expect(await after(`ALTER TABLE films RENAME TO movies; UPDATE movies SET more = 2`)).toEqual([
      'Film',
      'Film:1',
      'Maker:7',
    ]);
    expect(
      await after(`ALTER TABLE movies RENAME COLUMN made_by TO maker; UPDATE movies SET more = 3`),
    ).toEqual([FORGET]);
    expect(log.lines.at(-1)).toMatch(
      /^warn Everything stored is forgotten: the log does not tell enough .* of the table "films"/,
    );
  });

  it('the version of a row, where the change raised it', async () => {
    const { pool, outbox } = await world();
    const versions: unknown[] = [];
    const look = () =>
      outbox.relay((rows) => {
        for (const { tags, versions: known } of rows) versions.push(known?.[tags.indexOf('Film:1')]);
        return Promise.resolve();
      });
    for (const sql of [
      `INSERT INTO films VALUES (1, 7, 'a', 4)`,
      `UPDATE films SET version = 5`,
      `UPDATE films SET title = 'b'`,
    ]) {
      await pool.query(sql);
      await look();
    }
    expect(versions).toEqual([4, 5, null]);
  });

  it('of tags that a process could not apply and wrote down, only the store that they are of', async () => {
    const { pool, outbox, open } = await world();
    const { outbox: other } = await open({ tables, store: 'another' });
    await told(other);
    await outbox.add(['Film:9']);
    expect(await told(outbox)).toEqual(['Film:9']);
    expect(await told(other)).toEqual([]);
    expect((await pool.query('SELECT FROM corral."CacheLogReader"')).rowCount).toBe(2);
  });

  it('of tags with any letters, in a database with another encoding too', async () => {
    const encodings = new pg.Pool({ connectionString: server.url, max: 1 });
    onTestFinished(() => encodings.end());
    await encodings.query(
      `CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    );
    const made = logWorld(server.url.replace(/postgres$/, 'latin'));
    await made.pool.query(making);
    const { outbox } = await made.open({ tables, store: 'one' });
    const { outbox: other } = await made.open({ tables, store: 'another' });
    await told(outbox);
    await told(other);
    await outbox.add(['Film:Ä', 'Film:日本 🎬']);
    await outbox.tellOthers?.(['Film:Ö']);
    expect(await told(outbox)).toEqual(['Film:Ä', 'Film:日本 🎬']);
    expect(await told(other)).toEqual(['Film:Ö']);
    await made.pool.query(`INSERT INTO shelves VALUES (1, 'é')`);
    expect(await told(outbox)).toEqual(['Shelf', 'Shelf:1:é:true']);
  });

  it('a store that ends with its process, by a slot that ends with it', async () => {
    const { after, pool, outbox } = await world({ store: undefined });
    expect(await after(`INSERT INTO films VALUES (1, 7, '')`)).toEqual(['Film', 'Film:1', 'Maker:7']);
    await outbox.close();
    const slots = () => pool.query(`SELECT FROM pg_replication_slots WHERE database = current_database()`);
    await expect.poll(async () => (await slots()).rowCount).toBe(0);
  });
});
