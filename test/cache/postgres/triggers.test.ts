import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { rowsOfOthers, tagsOfOthers, versionsOfOthers, writesOfOthers } from './rows-of-others.js';
import { FORGET, watchedWorld, type WatchedWorld } from './watched-world.js';

const tables = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE SCHEMA sales;
  CREATE TABLE films (film_id int PRIMARY KEY, title text, made_by int, mood mood, version int NOT NULL DEFAULT 1);
  CREATE TABLE sales.orders (shop uuid, number int, note text, PRIMARY KEY (number, shop));
  CREATE TABLE events (id int, day int, note text, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
  CREATE TABLE events_2 (note text, day int NOT NULL, id int NOT NULL);
  ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES IN (2);
  CREATE DOMAIN short_name AS text CHECK (length(value) < 9);
  CREATE TABLE loose (name short_name, note text);
  CREATE TABLE base (id int PRIMARY KEY, note text);
  CREATE TABLE derived (extra text) INHERITS (base);`;

const mapping = {
  Film: {
    table: 'films',
    tags: ['Maker:{madeBy}', 'Mood:{mood}'],
    columns: { madeBy: 'made_by' },
    values: { mood: { glad: 'GLAD' } },
  },
  Order: { table: 'orders', schema: 'sales', id: ['shop', 'number'] },
  Event: { table: 'events' },
  Loose: { table: 'loose', id: ['name'] },
  Base: { table: 'base' },
};
const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

describe.skipIf(!needsPostgres())('the triggers of any tables', () => {
  let server: PrivatePostgres;
  let world: WatchedWorld;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical');
    world = watchedWorld(await server.createDatabase());
    await world.pool.query(tables);
    await world.watch(mapping);
  });
  afterAll(async () => {
    await world.close();
    await server.stop();
  });
  const told = (...statements: string[]): Promise<string[]> => world.told(...statements);

  it.each(['n', 'o', 'r', 't', 'new', 'old', 'new_rows', '~version', '$body$'])(
    'let a table with a column called %s be written to',
    async (column) => {
      const other = watchedWorld(await server.createDatabase());
      onTestFinished(() => other.close());
      const name = pg.escapeIdentifier(column);
      await other.pool.query(`CREATE TABLE one (id int PRIMARY KEY, ${name} text)`);
      await other.watch({ One: { table: 'one' } });
      expect(await other.told(`INSERT INTO one VALUES (1, 'a')`, `UPDATE one SET ${name} = 'b'`)).toEqual([
        'One',
        'One:1',
      ]);
    },
  );

  it('tell of a row of a table that inherits from another one as of a row of both', async () => {
    const other = watchedWorld(await server.createDatabase());
    onTestFinished(() => other.close());
    await other.pool.query(
      'CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE derived (extra text) INHERITS (base); CREATE TABLE last () INHERITS (derived)',
    );
    await expect(
      other.watch({ Base: { table: 'base' }, Derived: { table: 'derived', id: ['extra'] } }),
    ).rejects.toThrow(
      'the table "derived" inherits from "base", and its tag "Derived:{extra}" names a column that "base" does not have',
    );
    await other.watch({ Base: { table: 'base' }, Derived: { table: 'derived', id: ['id'] } });
    const both = ['Base', 'Base:1', 'Derived', 'Derived:1'];
    expect(await other.told(`INSERT INTO derived VALUES (1, 'x')`)).toEqual(both);
    expect(await other.told(`DELETE FROM base WHERE id = 1`)).toEqual(both);
    expect(await other.told(`INSERT INTO last VALUES (1, 'x')`)).toEqual(both);
    expect(await other.told(`TRUNCATE base`)).toEqual(both);
  });

  it.each(['a$$b', "a$'b", 'a$&b', '$body$', 'a"b', '@', 'x@relation@'])(
    'watch a table called %s',
    async (name) => {
      const other = watchedWorld(await server.createDatabase());
      onTestFinished(() => other.close());
      const table = pg.escapeIdentifier(name);
      await other.pool.query(`CREATE TABLE ${table} (id int PRIMARY KEY)`);
      await other.watch({ One: { table: name } });
      expect(await other.told(`INSERT INTO ${table} VALUES (1)`, `TRUNCATE ${table}`)).toEqual([
        'One',
        'One:1',
      ]);
    },
  );

  it('are made by no role that may not call their functions', async () => {
    await world.pool.query(`CREATE ROLE maker LOGIN PASSWORD 'maker'`);
    const { rows } = await world.pool.query<{ name: string }>(
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc AS p WHERE p.proname LIKE 'cache_outbox_for_%'
         AND has_function_privilege('maker', p.oid, 'EXECUTE')`,
    );
    expect(rows).toEqual([]);
  });

  it('write the tags of mapped tables, columns, values, schemas and composite ids', async () => {
    expect(await told(`INSERT INTO films VALUES (1, 'One', 7, 'glad')`)).toEqual([
      ...['Film', 'Film:1', 'Maker:7', 'Mood:GLAD'],
    ]);
    expect(await told(`UPDATE films SET made_by = 8, mood = 'sad', version = 2`)).toEqual([
      ...['Film', 'Film:1', 'Maker:7', 'Maker:8', 'Mood:GLAD', 'Mood:sad'],
    ]);
    expect(await told(`INSERT INTO sales.orders VALUES ('${UUID.toUpperCase()}', 5)`)).toEqual([
      ...['Order', `Order:${UUID}:5`],
    ]);
  });

  it('take for the key what tells rows apart, and not what its index has besides', async () => {
    const other = watchedWorld(await server.createDatabase());
    onTestFinished(() => other.close());
    await other.pool.query('CREATE TABLE one (a int, note text, b int, PRIMARY KEY (b, a) INCLUDE (note))');
    await other.watch({ One: { table: 'one' } });
    expect(await other.told(`INSERT INTO one VALUES (1, 'x', 2)`)).toEqual(['One', 'One:2:1']);
  });

  it('are made of no column whose comparison takes different texts for one, as a sentence says', async () => {
    const other = watchedWorld(await server.createDatabase());
    onTestFinished(() => other.close());
    await other.pool
      .query(`CREATE COLLATION "any case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE one (name text COLLATE "any case" PRIMARY KEY, id int NOT NULL)`);
    await expect(other.watch({ One: { table: 'one' } })).rejects.toThrow(
      'the tag "One:{name}" names the column "name", whose collation "any case" takes different texts for one, but keys tell them apart',
    );
    await other.watch({ One: { table: 'one', id: ['id'] } });
    expect(await other.told(`INSERT INTO one VALUES ('a', 1)`, `UPDATE one SET name = 'A'`)).toEqual([
      'One',
      'One:1',
    ]);
  });

  it('know rows without a primary key by their id, and tell both of a changed one', async () => {
    expect(await told(`INSERT INTO loose VALUES ('a', 'x'), ('a', 'y'), ('b', 'z')`)).toEqual([
      ...['Loose', 'Loose:a', 'Loose:b'],
    ]);
    expect(await told(`UPDATE loose SET note = 'z'  WHERE name = 'b'`)).toEqual([]);
    expect(await told(`UPDATE loose SET name = 'c' WHERE note = 'y'`)).toEqual([
      'Loose',
      'Loose:a',
      'Loose:c',
    ]);
  });

  it('tell the version of a single row where a change raises it and leaves its key', async () => {
    const versions = async (statement: string): Promise<unknown> => {
      await told(statement);
      const { rows } = await world.pool.query<{ told: unknown }>(
        `SELECT jsonb_object_agg(tag, version) AS told FROM corral."CacheOutbox", unnest("tags", "versions") AS t(tag, version)`,
      );
      return rows[0]?.told;
    };
    const of = 'WHERE film_id IN (31, 32)';
    expect(await versions(`INSERT INTO films VALUES (31, 'a', 7, 'sad', 5)`)).toMatchObject({ 'Film:31': 5 });
    expect(await versions(`UPDATE films SET version = 6 ${of}`)).toMatchObject({ Film: null, 'Film:31': 6 });
    expect(await versions(`UPDATE films SET title = 'b' ${of}`)).toMatchObject({ 'Film:31': null });
    expect(await versions(`UPDATE films SET film_id = 32, version = 7 ${of}`)).toMatchObject({
      ...{ 'Film:31': null, 'Film:32': null },
    });
    expect(await versions(`UPDATE films SET version = 8 WHERE film_id = 33`)).toBeNull();
    expect(await versions(`DELETE FROM films ${of}`)).toMatchObject({ 'Film:32': null });
  });

  it('tell no version of a row of another table that bears the same key', async () => {
    const other = watchedWorld(await server.createDatabase());
    onTestFinished(() => other.close());
    await other.pool.query(`CREATE TABLE films (id int PRIMARY KEY, version int NOT NULL DEFAULT 9);
      CREATE TABLE details (film_id int PRIMARY KEY, version int NOT NULL DEFAULT 1)`);
    await other.watch(
      { Film: { table: 'films' }, Detail: { table: 'details', tags: ['Film:{film_id}', 'Page:{film_id}'] } },
      { namespaces: ['Film', 'Detail', 'Page'] },
    );
    const versions = async (...statements: string[]): Promise<unknown> => {
      await other.told(...statements);
      const { rows } = await other.pool.query<{ tag: string; version: string | null }>(
        `SELECT tag, version FROM corral."CacheOutbox", unnest("tags", "versions") AS t(tag, version)`,
      );
      return Object.fromEntries(rows.map(({ tag, version }) => [tag, version]));
    };
    expect(await versions('INSERT INTO films VALUES (1)')).toEqual({ Film: null, 'Film:1': '9' });
    const ofDetail = { Detail: null, 'Detail:1': '1', 'Film:1': null, 'Page:1': '1' };
    expect(await versions('INSERT INTO details VALUES (1)')).toEqual(ofDetail);
    const ofBoth = {
      ...ofDetail,
      'Detail:1': '2',
      'Page:1': '2',
      'Detail:2': '2',
      'Page:2': '2',
      'Film:2': null,
    };
    await other.pool.query('INSERT INTO details VALUES (2)');
    expect(await versions('UPDATE details SET version = 2')).toEqual(ofBoth);
  });

  it('tell the version of a row by a tag that only its own table can mean, and by no other', async () => {
    const other = watchedWorld(await server.createDatabase());
    onTestFinished(() => other.close());
    await other.pool.query(rowsOfOthers);
    await other.watch(tagsOfOthers, { namespaces: Object.keys(versionsOfOthers) });
    await other.told(...writesOfOthers);
    const { rows } = await other.pool.query<{ tag: string; version: string | null }>(
      `SELECT split_part(tag, ':', 1) AS tag, max(version) AS version
       FROM corral."CacheOutbox", unnest("tags", "versions") AS t(tag, version) WHERE tag LIKE '%:%' GROUP BY 1`,
    );
    const known = rows.map(({ tag, version }) => [tag, version === null ? null : Number(version)]);
    expect(Object.fromEntries(known)).toEqual(versionsOfOthers);
  });

  it('take no longer for a large statement that follows small ones in its session', async () => {
    const other = watchedWorld(await server.createDatabase());
    onTestFinished(() => other.close());
    await other.pool.query('CREATE TABLE one (id int PRIMARY KEY, n int)');
    await other.watch({ One: { table: 'one' } });
    await other.pool.query('INSERT INTO one SELECT n, 0 FROM generate_series(1, 20000) AS n');
    const client = await other.pool.connect();
    for (let id = 1; id <= 10; id += 1) await client.query(`UPDATE one SET n = 1 WHERE id = ${id}`);
    // Comparing each row with each other would take minutes.
    await client.query(`SET statement_timeout = '10s'; UPDATE one SET n = n + 1`);
    client.release();
    const { rows } = await other.pool.query(
      `SELECT count(DISTINCT tag)::int AS tags, max(cardinality("tags")) AS most FROM corral."CacheOutbox", unnest("tags") AS tag`,
    );
    expect(rows).toEqual([{ tags: 20_001, most: 500 }]);
  });

  it('see COPY, MERGE and both kinds of ON CONFLICT', async () => {
    const merge = `MERGE INTO films USING (VALUES (1), (2)) AS new (id) ON film_id = id
      WHEN MATCHED THEN UPDATE SET title = 'Merged' WHEN NOT MATCHED THEN INSERT (film_id) VALUES (id)`;
    const upsert = `INSERT INTO films VALUES (2, 'Two'), (3, 'Three') ON CONFLICT (film_id) DO`;
    expect(await told(`COPY films (film_id) FROM PROGRAM 'echo 9'`)).toEqual(['Film', 'Film:9']);
    expect(await told(merge)).toEqual(['Film', 'Film:1', 'Film:2', 'Maker:8', 'Mood:sad']);
    expect(await told(`${upsert} UPDATE SET title = EXCLUDED.title`)).toEqual(['Film', 'Film:2', 'Film:3']);
    expect(await told(`${upsert} NOTHING`)).toEqual([]);
  });

  describe('on partitions', () => {
    it.each(['events', 'events_1'])('see every statement that names %s', async (name) => {
      const seen = ['Event', 'Event:1:1'];
      expect(await told(`INSERT INTO ${name} (id, day) VALUES (1, 1)`)).toEqual(seen);
      expect(await told(`UPDATE ${name} SET note = 'new' WHERE id = 1`)).toEqual(seen);
      expect(await told(`DELETE FROM ${name} WHERE id = 1`)).toEqual(seen);
      expect(await told(`COPY ${name} (id, day) FROM PROGRAM 'printf "1\\\\t1"'`)).toEqual(seen);
      expect(await told(`TRUNCATE ${name}`)).toEqual(seen);
    });

    it('see a row that moves to another one, in both places', async () => {
      await world.pool.query('INSERT INTO events VALUES (5, 1)');
      expect(await told('UPDATE events SET day = 2 WHERE id = 5')).toEqual([
        'Event',
        'Event:5:1',
        'Event:5:2',
      ]);
      expect(await told('DELETE FROM events_2')).toEqual(['Event', 'Event:5:2']);
    });

    it('see a row that goes and that the other one does not take in', async () => {
      await world.pool.query(`INSERT INTO events VALUES (6, 1);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER refuse BEFORE INSERT ON events_2 FOR EACH ROW EXECUTE FUNCTION refuse()`);
      expect(await told('UPDATE events SET day = 2 WHERE id = 6')).toEqual(['Event', 'Event:6:1']);
      await world.pool.query('DROP FUNCTION refuse CASCADE');
    });

    it('are made on one that is attached later by the next start, which leaves the others alone', async () => {
      await world.pool.query('CREATE TABLE events_3 PARTITION OF events FOR VALUES IN (3)');
      expect(await told('INSERT INTO events_3 VALUES (1, 3)')).toEqual([]);
      expect(await world.watch(mapping)).toEqual(['events']);
      expect(await told('DELETE FROM events_3')).toEqual(['Event', 'Event:1:3']);
      await world.pool.query('ALTER TABLE events DETACH PARTITION events_3');
      expect(await world.watch(mapping)).toEqual([]);
      expect(await told('INSERT INTO events_3 VALUES (1, 3)')).toEqual([]);
    });
  });

  it('see tables that inherit', async () => {
    expect(await told(`INSERT INTO derived VALUES (1, 'x', 'y')`)).toEqual(['Base', 'Base:1']);
    expect(await told(`UPDATE base SET note = 'z'`)).toEqual(['Base', 'Base:1']);
    expect(await told('TRUNCATE base')).toEqual(['Base', 'Base:1']);
  });

  describe('of TRUNCATE', () => {
    it('tell every row that goes, and those of tables that it cascades to', async () => {
      await world.pool.query('CREATE TABLE parts (id int PRIMARY KEY, film int REFERENCES films)');
      await world.watch({ ...mapping, Part: { table: 'parts' } });
      await world.pool.query('INSERT INTO parts VALUES (4, 1)');
      expect(await told('TRUNCATE films CASCADE')).toEqual(
        expect.arrayContaining(['Film:1', 'Film:2', 'Film:3', 'Film:9', 'Maker:8', 'Part', 'Part:4']),
      );
      await world.pool.query('DROP TABLE parts');
      await world.watch(mapping);
    });

    it('have everything forgotten where an old snapshot or the rules of the table hide rows, or where they are many', async () => {
      const snapshot = 'BEGIN ISOLATION LEVEL REPEATABLE READ; TRUNCATE films; COMMIT';
      expect(await told(snapshot)).toEqual([FORGET]);
      await world.pool.query('ALTER TABLE films FORCE ROW LEVEL SECURITY');
      expect(await told('TRUNCATE films')).toEqual([FORGET]);
      await world.pool.query('ALTER TABLE films NO FORCE ROW LEVEL SECURITY');
      await world.pool.query('ALTER TABLE films DISABLE TRIGGER cache_outbox_insert_corral');
      await world.pool.query('INSERT INTO films SELECT n FROM generate_series(1, 100001) AS n');
      await world.pool.query('ALTER TABLE films ENABLE TRIGGER cache_outbox_insert_corral');
      expect(await told('TRUNCATE films')).toEqual([FORGET]);
    });
  });

  it('fire once for each row where changes are replicated to', async () => {
    const source = watchedWorld(await server.createDatabase());
    onTestFinished(() => source.close());
    await source.pool.query('CREATE TABLE films (film_id int PRIMARY KEY, title text)');
    await source.pool.query('CREATE PUBLICATION films FOR TABLE films');
    await source.pool.query(`SELECT pg_create_logical_replication_slot('films', 'pgoutput')`);
    await world.pool.query(
      `CREATE SUBSCRIPTION films CONNECTION '${source.url}' PUBLICATION films WITH (create_slot = false, copy_data = false, slot_name = 'films')`,
    );
    onTestFinished(async () => {
      await world.pool.query(
        'ALTER SUBSCRIPTION films DISABLE; ALTER SUBSCRIPTION films SET (slot_name = NONE)',
      );
      await world.pool.query('DROP SUBSCRIPTION films');
    });
    const seen = async (statement: string, tags: readonly string[]): Promise<void> => {
      await told();
      await source.pool.query(statement);
      const found = 'SELECT "tags" FROM corral."CacheOutbox"';
      const read = async () => (await world.pool.query<{ tags: string[] }>(found)).rows;
      await expect
        .poll(async () => (await read()).flatMap((row) => row.tags).sort(), { timeout: 10_000 })
        .toEqual(tags);
    };
    await seen(`INSERT INTO films VALUES (41, 'Far')`, ['Film', 'Film:41']);
    await seen(`UPDATE films SET title = 'Farther'`, ['Film', 'Film:41']);
    await seen('TRUNCATE films', ['Film', 'Film:41']);
    await seen(`INSERT INTO films VALUES (42, 'Far')`, ['Film', 'Film:42']);
    await seen('DELETE FROM films', ['Film', 'Film:42']);
  });

  it('see sessions that switch ordinary triggers off', async () => {
    const off = 'SET LOCAL session_replication_role = replica';
    expect(await told(`BEGIN; ${off}; INSERT INTO films VALUES (51), (52); COMMIT`)).toEqual([
      ...['Film', 'Film:51', 'Film:52'],
    ]);
  });

  it('escape as ever in sessions that read backslashes in texts otherwise', async () => {
    const insert = `INSERT INTO loose VALUES (E'd\\\\e'), ('f g')`;
    const expected = ['Loose', 'Loose:d%5ce', 'Loose:f%20g'];
    expect(await told(insert)).toEqual(expected);
    expect(await told(`BEGIN; SET LOCAL standard_conforming_strings = off; ${insert}; COMMIT`)).toEqual(
      expected,
    );
  });

  it('let a role write that may do nothing else, and ask nothing of its search_path', async () => {
    const { pool } = world;
    await pool.query(`CREATE SCHEMA hidden; CREATE SCHEMA evil; CREATE ROLE poor LOGIN PASSWORD 'poor';
      GRANT SELECT, INSERT, UPDATE, DELETE ON films TO poor; GRANT ALL ON SCHEMA evil TO poor`);
    const apart = watchedWorld(world.url, { outbox: 'hidden' });
    onTestFinished(() => apart.close());
    await apart.watch({ Film: { table: 'films' } }, { schema: 'hidden' });
    const poor = new pg.Client({ connectionString: world.url.replace('postgres:private', 'poor:poor') });
    await poor.connect();
    onTestFinished(() => poor.end());
    await poor.query(`SET search_path = evil, public, pg_catalog;
      CREATE TABLE evil."CacheStore" (name text); CREATE TABLE evil."CacheOutbox" (store text, tags text[], versions bigint[]);
      INSERT INTO evil."CacheStore" VALUES ('wrong');
      CREATE FUNCTION evil.hide(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT NULL::text';
      CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.hide)`);
    await apart.told();
    await poor.query(`INSERT INTO films VALUES (61, 'Poor'), (62, 'Poor')`);
    await poor.query(`UPDATE films SET title = 'Rich' WHERE film_id = 62`);
    const { rows } = await pool.query(
      'SELECT ARRAY(SELECT unnest("tags") ORDER BY 1) AS tags FROM hidden."CacheOutbox" ORDER BY "xid"',
    );
    expect(rows).toEqual([{ tags: ['Film', 'Film:61', 'Film:62'] }, { tags: ['Film', 'Film:62'] }]);
    expect((await pool.query('SELECT FROM evil."CacheOutbox"')).rowCount).toBe(0);
    // The function behind the triggers is for them alone: else every role could end entries.
    await pool.query('GRANT USAGE ON SCHEMA hidden TO poor');
    await expect(poor.query(`SELECT hidden.cache_outbox_write('{one}', '{Film:1}', '{1}')`)).rejects.toThrow(
      'permission denied for function',
    );
  });
});
