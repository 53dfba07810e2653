import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { watchedWorld, type WatchedWorld } from './watched-world.js';

const mapping = {
  Film: { table: 'films', tags: ['Maker:{made_by}'], values: { mood: { glad: 'GLAD' } } },
  Mood: { table: 'films', id: ['mood'], values: { mood: { glad: 'GLAD' } } },
  Note: { table: 'notes', tags: ['Maker:{made_by}'] },
  Loose: { table: 'loose', id: ['name'] },
};
const tables = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE TABLE films (id int PRIMARY KEY, made_by text, mood mood, version int NOT NULL DEFAULT 1);
  CREATE TABLE notes (name text PRIMARY KEY, made_by int, version bigint NOT NULL DEFAULT 1);
  CREATE TABLE loose (name text, number int);`;

/** What SQL itself calls by a name before a parenthesis. */
const SYNTAX: ReadonlySet<string> = new Set(
  'AND,AS,ARRAY,coalesce,FILTER,FROM,IF,JOIN,LATERAL,NOT,ON,OR,SELECT,VALUES,WHEN,WHERE,t'.split(','),
);

/** Types of operands and the operators over them that a body of a trigger uses. */
const OPERATORS: readonly (readonly [string, readonly string[]])[] = [
  ['pg_catalog.text', ['=', '<>', '||', '~', '>', '<=']],
  ['pg_catalog.int4', ['=', '<>', '>', '<=', '-', '/']],
  ['pg_catalog.int8', ['=', '<>', '>', '<=', '-', '/']],
  ['pg_catalog.timestamptz', ['>', '=']],
  ['pg_catalog.oid', ['=']],
  ['public.mood', ['=', '<>']],
];

describe.skipIf(!needsPostgres())(
  'the functions of triggers, which have their owner’s rights and the writer’s search_path',
  () => {
    let server: PrivatePostgres;
    let world: WatchedWorld;
    beforeAll(async () => {
      server = await privatePostgres();
      world = watchedWorld(await server.createDatabase());
      await world.pool.query(tables);
      await world.watch(mapping);
    });
    afterAll(async () => {
      await world.close();
      await server.stop();
    });

    it('name every operator, type and function by its schema', async () => {
      const { rows } = await world.pool.query<{ body: string }>(
        `SELECT prosrc AS body FROM pg_proc WHERE starts_with(proname, 'cache_outbox_for_')`,
      );
      expect(rows).toHaveLength(3);
      for (const { body } of rows) expect(unnamedIn(body)).toEqual([]);
    });

    it.each([
      ['a = b'],
      ['lower(a)'],
      ['a::text'],
      [`EXECUTE 'SELECT ''x'' || y'`],
      ['CASE a WHEN b THEN c END'],
      ['a IN (b)'],
    ])('are found out where they say %s', (sql) => {
      expect(unnamedIn(sql)).not.toEqual([]);
    });

    it('are led nowhere else by a search_path of operators, types, functions and tables of the same names', async () => {
      const { pool } = world;
      await pool.query('CREATE SCHEMA evil; CREATE TABLE evil.called (what text)');
      for (const [type, operators] of OPERATORS) {
        await pool.query(`CREATE FUNCTION evil.does(a ${type}, b ${type}) RETURNS bool LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO evil.called VALUES ('${type}'); RETURN NULL; END $$`);
        for (const operator of operators)
          await pool.query(
            `CREATE OPERATOR evil.${operator} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = evil.does)`,
          );
      }
      await pool.query(`
      CREATE FUNCTION evil.cardinality(text[]) RETURNS int LANGUAGE sql AS 'SELECT 0';
      CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT 'infinity'::timestamptz$$;
      CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$;
      CREATE AGGREGATE evil.count(*) (SFUNC = int4inc, STYPE = int, INITCOND = '0');
      CREATE TABLE evil.pg_class (oid oid, relforcerowsecurity bool);
      CREATE DOMAIN evil.text AS int; CREATE DOMAIN evil.int8 AS text; CREATE DOMAIN evil.bool AS text;
      CREATE ROLE writer LOGIN PASSWORD 'writer'; GRANT USAGE ON SCHEMA evil TO writer;
      GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON films, notes, loose TO writer`);
      const writer = new pg.Client({
        connectionString: world.url.replace('postgres:private', 'writer:writer'),
      });
      await writer.connect();
      onTestFinished(() => writer.end());
      await writer.query('SET search_path = evil, public, pg_catalog');
      const told = async (statement: string): Promise<string[]> => {
        await world.told();
        await writer.query(statement);
        const { rows } = await pool.query<{ tags: string[] | null; because: string | null }>(
          'SELECT "tags", "because" FROM corral."CacheOutbox"',
        );
        return rows.flatMap(({ tags, because }) => tags ?? [String(because)]).sort();
      };
      const statements = [
        [`INSERT INTO films VALUES (1, 'a', 'glad')`, ['Film', 'Film:1', 'Maker:a', 'Mood', 'Mood:GLAD']],
        [
          `INSERT INTO films VALUES (2, 'b', 'sad'), (3, 'c', 'sad')`,
          ['Film', 'Film:2', 'Film:3', 'Maker:b', 'Maker:c', 'Mood', 'Mood:sad'],
        ],
        [
          `UPDATE films SET made_by = 'd', mood = 'sad', version = 2 WHERE made_by LIKE 'a'`,
          ['Film', 'Film:1', 'Maker:a', 'Maker:d', 'Mood', 'Mood:GLAD', 'Mood:sad'],
        ],
        [
          `UPDATE films SET version = 3`,
          ['Film', 'Film:1', 'Film:2', 'Film:3', 'Maker:b', 'Maker:c', 'Maker:d', 'Mood', 'Mood:sad'],
        ],
        [`DELETE FROM films WHERE made_by LIKE 'd'`, ['Film', 'Film:1', 'Maker:d', 'Mood', 'Mood:sad']],
        ['TRUNCATE films', ['Film', 'Film:2', 'Film:3', 'Maker:b', 'Maker:c', 'Mood', 'Mood:sad']],
        [`INSERT INTO notes VALUES ('x y', 1)`, ['Maker:1', 'Note', 'Note:x%20y']],
        [`UPDATE notes SET name = 'z'`, ['Maker:1', 'Note', 'Note:x%20y', 'Note:z']],
        [`INSERT INTO loose VALUES ('a', 1)`, ['Loose', 'Loose:a']],
        [`UPDATE loose SET number = 2`, ['Loose', 'Loose:a']],
        [`UPDATE loose SET number = 2`, []],
      ] as const;
      for (const [statement, tags] of statements) expect(await told(statement), statement).toEqual(tags);
      expect((await pool.query('SELECT FROM evil.called')).rowCount).toBe(0);
    });
  },
);

/** What a body leaves to the search_path: operators, casts and calls without a schema. Texts in it that are run are read too. */
function unnamedIn(body: string): string[] {
  const texts = Array.from(body.matchAll(/'((?:[^']|'')*)'/g), ([, text = '']) => text.replaceAll("''", "'"));
  const run = texts.filter((text) => /^SELECT /.test(text));
  const code = body
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/'(?:[^']|'')*'/g, ' ')
    .replaceAll(/:=|@relation-\w+@/g, ' ')
    .replaceAll(/OPERATOR\(pg_catalog\.[^)]+\)/g, ' ');
  const found = [
    ...code.matchAll(/[^\s\w"'(),.;:[\]*]+/g),
    ...code.matchAll(/::(?!pg_catalog\.)\S+/g),
    ...code.matchAll(/(?<![\w.]|"\.)(\w+)\s?\(/g),
    ...code.matchAll(/\b(?:IN\s*\(|BETWEEN|NULLIF|IS (?:NOT )?DISTINCT|LIKE|CASE (?!WHEN)\S+)/g),
  ].map((match) => match[1] ?? match[0]);
  return [...found.filter((word) => !SYNTAX.has(word)), ...run.flatMap(unnamedIn)];
}
