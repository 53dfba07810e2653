import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import {
  applyOutbox,
  checkOutbox,
  outboxSql,
  postgresOutbox,
  removeOutbox,
  type PostgresOutboxOptions,
} from '../../../src/cache/postgres/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { corral } from '../../support/run-corral.js';
import { freePort } from '../../support/free-port.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testLog } from '../../support/test-log.js';

const tables = { Film: { table: 'films', tags: ['Maker:{made_by}'] } };
const namespaces = new Set(['Film', 'Maker']);
const making = `CREATE TABLE films (id int PRIMARY KEY, made_by int);
  CREATE TABLE makers (id uuid PRIMARY KEY, name text)`;

describe.skipIf(!needsPostgres())('an outbox for any tables', () => {
  let server: PrivatePostgres;
  let url: string;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await privatePostgres();
    const admin = new pg.Pool({ connectionString: server.url, max: 1 });
    await admin.query(`CREATE ROLE runtime LOGIN PASSWORD 'private'`);
    await admin.end();
  });
  beforeEach(async () => {
    url = await server.createDatabase();
    pool = new pg.Pool({ connectionString: url });
    pool.on('error', () => undefined);
    await pool.query(making);
  });
  afterEach(() => pool.end());
  afterAll(() => server.stop());

  const opened = async (options: Partial<PostgresOutboxOptions> = {}, given: { store?: string } = {}) => {
    const log = testLog();
    const outbox = postgresOutbox({ pool, tables, source: 'triggers', listen: false, log, ...options });
    await outbox.open?.({ namespaces, used: namespaces, store: given.store, log: cacheLog() });
    return { outbox, log };
  };
  const messages = async (): Promise<string[]> =>
    (await checkOutbox({ pool, tables, namespaces })).map(({ kind, message }) => `${kind}: ${message}`);

  it('needs no migration, tells what it watches, and ends with its process where its store does', async () => {
    const { outbox, log } = await opened({ pool: () => Promise.resolve(pool), schema: 'corral' });
    expect(log.lines).toEqual(['info Writes are watched by triggers on films.']);
    await outbox.register();
    await pool.query('INSERT INTO films VALUES (1, 2)');
    const told: string[] = [];
    const { isKnown } = await outbox.relay((rows) =>
      Promise.resolve(void told.push(...rows.flatMap(({ tags }) => tags))),
    );
    expect([told.sort(), isKnown]).toEqual([['Film', 'Film:1', 'Maker:2'], true]);
    expect((await pool.query('SELECT "name" FROM corral."CacheStore"')).rows).toEqual([
      { name: expect.stringMatching(/^memory [-0-9a-f]{36}$/) },
    ]);
    await outbox.close();
    expect((await pool.query('SELECT FROM corral."CacheStore"')).rowCount).toBe(0);
  });

  it('takes a row of which a tag has a null as one without that tag', async () => {
    const pairs = { Film: { table: 'films', tags: ['Maker:{id}:{made_by}', 'Maker:{id}'] } };
    const { outbox } = await opened({ tables: pairs });
    await outbox.register();
    await outbox.relay(() => Promise.resolve());
    await pool.query('ALTER TABLE films ADD version int NOT NULL DEFAULT 5');
    await pool.query('INSERT INTO films VALUES (1, NULL)');
    await pool.query('UPDATE films SET made_by = 3, version = 6');
    const told = new Map<string, number | null | undefined>();
    await outbox.relay((rows) =>
      Promise.resolve(
        rows.forEach(({ tags, versions }) =>
          tags.forEach((tag, place) => void told.set(tag, versions?.[place])),
        ),
      ),
    );
    expect([...told.keys()].sort()).toEqual(['Film', 'Film:1', 'Maker:1', 'Maker:1:3']);
    await outbox.close();
  });

  it('goes on after a row of which a tag has a null', async () => {
    await pool.query('INSERT INTO films VALUES (1, NULL)');
    const outbox = postgresOutbox({
      ...{ pool, source: 'triggers', log: testLog() },
      tables: { Film: { table: 'films', tags: ['Pair:{id}:{made_by}'] } },
    });
    const relay = { blindAfterMs: 60_000 };
    const cache = createCache({ store: memoryStore(), outbox, relay });
    onTestFinished(() => cache.close());
    const read = 'SELECT made_by AS maker FROM films WHERE id = $1';
    const makerOf = async (_: unknown, { id }: { id: string }): Promise<unknown> =>
      (await pool.query<{ maker: number | null }>(read, [id])).rows[0]?.maker ?? -1;
    const typeDefs = `type Query {
      film(id: ID!): Int @cached(ttl: 60, key: "Film:{args.id}")
      pair(id: ID!, maker: ID!): Int @cached(ttl: 60, key: "Pair:{args.id}:{args.maker}")
    }`;
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, typeDefs],
        resolvers: { Query: { film: makerOf, pair: makerOf } },
      }),
    );
    await cache.start();
    const ask = async () =>
      (await graphql({ schema, source: '{ film(id: 1) }', contextValue: {} })).data?.['film'];
    expect(await ask()).toBe(-1);
    await pool.query('INSERT INTO films VALUES (2, NULL)');
    await pool.query('UPDATE films SET made_by = 7 WHERE id = 1');
    await expect.poll(ask).toBe(7);
  });

  it('ends what a read of another spelling of a uuid has stored', async () => {
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    await pool.query('INSERT INTO makers VALUES ($1, $2)', [id, 'First']);
    const outbox = postgresOutbox({ pool, tables: { Maker: { table: 'makers' } }, log: testLog() });
    const cache = createCache({ store: memoryStore(), outbox });
    onTestFinished(() => cache.close());
    const nameOf = async (_: unknown, { id: asked }: { id: string }): Promise<unknown> =>
      (await pool.query<{ name: string }>('SELECT name FROM makers WHERE id = $1', [asked])).rows[0]?.name;
    const typeDefs = 'type Query { maker(id: ID!): String @cached(ttl: 60, key: "Maker:{args.id}") }';
    const schema = cache.apply(
      makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers: { Query: { maker: nameOf } } }),
    );
    await cache.start();
    const spelt = id.toUpperCase().replaceAll('-', '');
    const ask = async () =>
      (await graphql({ schema, source: `{ maker(id: "${spelt}") }`, contextValue: {} })).data?.['maker'];
    expect(await ask()).toBe('First');
    await pool.query(`UPDATE makers SET name = 'Second'`);
    await expect.poll(ask).toBe('Second');
    await pool.query('TRUNCATE makers');
    await expect.poll(ask).toBe(null);
  });

  it('tells each namespace that no table is watched for, unless it is said to have none', async () => {
    const other = new Set(['Film', 'Maker', 'Weather']);
    const log = testLog();
    const outbox = postgresOutbox({ pool, tables, listen: false, log });
    await outbox.open?.({ namespaces: other, used: other, store: undefined, log: cacheLog() });
    expect(log.lines).toContainEqual(
      expect.stringMatching(/^warn No table is watched for "Weather": a write/),
    );
    const silent = testLog();
    const known = postgresOutbox({
      ...{ pool, source: 'triggers', listen: false, log: silent },
      tables: { ...tables, Weather: false },
    });
    await known.open?.({ namespaces: other, used: other, store: undefined, log: cacheLog() });
    expect(silent.lines).toEqual([]);
  });

  it('refuses a mapping that does not fit, in sentences', async () => {
    const refused = opened({
      tables: {
        Flim: { table: 'films' },
        Maker: { table: 'maker', schema: 'public' },
        Film: { table: 'films', id: ['nr'], version: 'made' },
      },
    });
    await expect(refused).rejects.toThrow(
      [
        '  - no entry uses the namespace "Flim" of `tables`; did you mean "Film"?',
        '  - the namespace "Maker" is mapped to the table "public"."maker", which the database does not have; did you mean "makers"?',
        '  - the tag "Film:{nr}" names the column "nr", which "films" does not have',
        '  - the table "films" is mapped with the column "nr", which it does not have',
        '  - the version of the table "films" must be a column of whole numbers, but is "made"',
      ].join('\n'),
    );
    const misspelt: object = { pool, table: {} };
    expect(() => postgresOutbox({ pool, ...misspelt })).toThrow(
      'there is no option "table" (did you mean "tables"?)',
    );
  });

  describe('checked', () => {
    it('tells what is missing, changed and superfluous, and all is well after it was applied', async () => {
      expect(await messages()).toEqual(
        expect.arrayContaining([
          'missing: the schema "corral" does not have the tables "CacheOutbox" and "CacheStore" with the columns of this version',
          'missing: the table "films" has no triggers, so its changes are not seen',
        ]),
      );
      expect(await applyOutbox({ pool, tables, namespaces })).toEqual(['films']);
      expect(await messages()).toEqual([]);
      await pool.query('ALTER TABLE films DISABLE TRIGGER cache_outbox_update_corral');
      await pool.query('ALTER TABLE films ENABLE TRIGGER cache_outbox_replica_corral');
      await pool.query('DROP TRIGGER cache_outbox_insert_corral ON films');
      await pool.query('CREATE TABLE old_films (LIKE films)');
      await pool.query(
        'CREATE TRIGGER other AFTER DELETE ON old_films FOR EACH STATEMENT EXECUTE FUNCTION corral."cache_outbox_for_public.films"()',
      );
      expect(await messages()).toEqual([
        'missing: the table "films" lacks the trigger cache_outbox_insert_corral',
        'changed: the trigger cache_outbox_update_corral of the table "films" is switched off',
        'changed: the trigger cache_outbox_replica_corral of the table "films" must fire for replicated changes',
        'superfluous: the trigger other of public.old_films is of no use, as that is not the table "films" or a part of it',
      ]);
      expect(await applyOutbox({ pool, tables, namespaces })).toEqual(['films']);
      expect(await messages()).toEqual([]);
      await pool.query(
        `CREATE OR REPLACE FUNCTION corral."cache_outbox_for_public.films"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      );
      expect(await messages()).toEqual([
        expect.stringMatching(/^changed: the triggers of the table "films" are/),
      ]);
      expect(await checkOutbox({ pool, tables: {}, namespaces: [] })).toEqual([
        { kind: 'superfluous', message: 'no cached field needs the triggers of public.films any more' },
      ]);
    });

    it('takes the outbox of an earlier version out of the way of the tables, whose processes may bring it back without harm', async () => {
      const earlier = `CREATE TABLE "CacheOutbox" (id bigserial PRIMARY KEY, "store" text, "tags" text[], "doneAt" timestamptz);
        CREATE TABLE "CacheStore" ("name" text PRIMARY KEY); INSERT INTO "CacheStore" VALUES ('old');
        CREATE FUNCTION cache_key_component(value text) RETURNS text LANGUAGE sql AS 'SELECT value';
        CREATE FUNCTION cache_outbox_for_films() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO "CacheOutbox" ("store", "tags") SELECT "name", '{Film}' FROM "CacheStore"; RETURN NULL; END $$;
        CREATE TRIGGER cache_outbox_insert AFTER INSERT ON films REFERENCING NEW TABLE AS new_rows
          FOR EACH STATEMENT EXECUTE FUNCTION cache_outbox_for_films()`;
      const leftIn = async (schema: string): Promise<string[]> => {
        const { rows } = await pool.query<{ name: string }>(
          `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace UNION ALL
           SELECT proname FROM pg_proc WHERE pronamespace = $1::regnamespace ORDER BY 1`,
          [schema],
        );
        return rows.map(({ name }) => name);
      };
      const tablesAlone = await leftIn('public');
      await pool.query(earlier);
      const sentence = 'superfluous: the schema "public" has the outbox of an earlier version';
      expect(await messages()).toContain(sentence);
      await applyOutbox({ pool, tables, namespaces });
      expect([await leftIn('public'), await messages()]).toEqual([tablesAlone, []]);
      await pool.query(`INSERT INTO corral."CacheStore" ("name") VALUES ('one')`);
      const told = async (): Promise<number | null> => {
        await pool.query('DELETE FROM films; DELETE FROM corral."CacheOutbox"');
        await pool.query('INSERT INTO films VALUES (1)');
        return (await pool.query('SELECT FROM corral."CacheOutbox"')).rowCount;
      };
      await pool.query(earlier);
      expect([await told(), await messages()]).toEqual([1, [sentence]]);
      await pool.query(await outboxSql({ pool, tables, namespaces }));
      expect([await told(), await messages(), await leftIn('public')]).toEqual([1, [], tablesAlone]);
    });

    it('leaves an outbox of this version alone that another application keeps beside its tables', async () => {
      await applyOutbox({ pool, tables, namespaces, schema: 'public' });
      await applyOutbox({ pool, tables, namespaces });
      await pool.query(`INSERT INTO "CacheStore" ("name") VALUES ('other'); INSERT INTO films VALUES (1)`);
      expect((await pool.query('SELECT "store" FROM "CacheOutbox"')).rows).toEqual([{ store: 'other' }]);
    });

    it('refuses a schema that would come before the tables, for a user that has its name', async () => {
      await pool.query(`CREATE ROLE corral LOGIN SUPERUSER PASSWORD 'private'`);
      const named = new pg.Pool({ connectionString: url.replace('postgres:', 'corral:') });
      onTestFinished(() => named.end());
      await expect(applyOutbox({ pool: named, tables, namespaces })).rejects.toThrow(
        'The schema "corral" of the outbox would come before "public" in the search_path of the database user corral, whose name it has;',
      );
      await applyOutbox({ pool: named, tables, namespaces, schema: 'cache' });
    });

    it('lets a role open it that owns nothing, and else says who must do what', async () => {
      const runtime = new pg.Pool({ connectionString: url.replace('postgres:', 'runtime:') });
      onTestFinished(() => runtime.end());
      const open = () => opened({ pool: runtime, triggers: 'check', schema: 'corral' });
      const apply = (role?: string) =>
        applyOutbox({ pool, tables, namespaces, schema: 'corral', ...(role !== undefined && { role }) });
      await expect(opened({ pool: runtime })).rejects.toThrow(
        'The outbox needs the schema "corral", which is not there, and the database user runtime may not make it. Someone who may runs the SQL that `npx graphql-corral outbox sql --role runtime` writes;',
      );
      await expect(open()).rejects.toThrow(
        'The triggers that watch for writes must be changed; the owner of the tables runs `npx graphql-corral outbox apply --namespaces Film,Maker`:\n',
      );
      await apply();
      await pool.query('DROP TRIGGER cache_outbox_insert_corral ON films');
      await expect(opened({ pool: runtime })).rejects.toThrow(
        /cannot be made: .*The database user must own the tables; where it must not, their owner runs `npx graphql-corral outbox apply`/,
      );
      await apply();
      await expect(open()).rejects.toThrow('GRANT USAGE ON SCHEMA "corral" TO runtime;');
      await apply('runtime');
      const { outbox } = await open();
      await outbox.register();
      await pool.query('INSERT INTO films VALUES (1, 2)');
      await outbox.add(['Film']);
      // And the one that has everything forgotten.
      expect((await outbox.relay(() => Promise.resolve())).done).toHaveLength(3);
      await outbox.keep();
      await outbox.close();
    });
  });

  it('is opened by another role in a database that lets none call new functions', async () => {
    await pool.query('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC');
    await applyOutbox({ pool, tables, namespaces, role: 'runtime' });
    const runtime = new pg.Pool({ connectionString: url.replace('postgres:', 'runtime:') });
    onTestFinished(() => runtime.end());
    const log = testLog();
    const outbox = postgresOutbox({ pool: runtime, tables, source: 'triggers', triggers: 'check', log });
    await outbox.open?.({ namespaces, used: namespaces, store: undefined, log: cacheLog() });
    await outbox.register();
    const listening = new Promise((resolve) => onTestFinished(outbox.listen(() => undefined, resolve)));
    expect(await listening).toBe(true);
    await outbox.relay(() => Promise.resolve());
    expect(log.lines).toEqual([]);
  });

  it('is made by SQL that can be printed, and removed without a trace', async () => {
    const objects = async (): Promise<unknown> => {
      const { rows } = await pool.query(
        `SELECT relname::text AS name FROM pg_class WHERE relname LIKE 'Cache%' UNION ALL
         SELECT proname FROM pg_proc WHERE proname LIKE 'cache_%' UNION ALL
         SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`,
      );
      return rows;
    };
    const sql = await outboxSql({ pool, tables, namespaces });
    expect(await objects()).toEqual([]);
    await pool.query(sql);
    await pool.query(sql);
    expect(await messages()).toEqual([]);
    await removeOutbox({ pool, keepTables: true });
    expect((await pool.query('SELECT FROM corral."CacheOutbox"')).rowCount).toBe(0);
    await pool.query('CREATE TABLE "CacheOutbox" ("doneAt" timestamptz)');
    await removeOutbox({ pool });
    expect(await objects()).toEqual([]);
    expect((await pool.query(`SELECT FROM pg_namespace WHERE nspname = 'corral'`)).rowCount).toBe(0);
    await removeOutbox({ pool });
  });

  describe('by the command', () => {
    const run = async (...words: string[]) => {
      const { code, out, err } = await corral(['outbox', ...words], { environment: { DATABASE_URL: url } });
      return [code, ...[out, err].filter((text) => text !== '').flatMap((text) => text.split('\n'))];
    };

    it('is checked, applied, printed and removed', async () => {
      const file = path.join(await temporaryFolder(), 'tables.json');
      await writeFile(file, JSON.stringify(tables));
      expect(await run('check', '--tables', file)).toEqual(
        expect.arrayContaining([
          1,
          'missing: the table "films" has no triggers, so its changes are not seen',
        ]),
      );
      expect(await run('apply', '--tables', file)).toEqual([0, 'Writes are watched by triggers on films.']);
      expect(await run('apply', '--tables', file)).toEqual([0, 'Nothing had to be changed.']);
      expect(await run('check', '--tables', file)).toEqual([0, 'The triggers are as they should be.']);
      expect(await run('apply', '--tables', file, '--json')).toEqual([0, '{', '  "changed": []', '}']);
      const [code, ...sql] = await run('sql', '--tables', file);
      expect([code, sql.join('\n')]).toEqual([0, await outboxSql({ pool, tables })]);
      expect(await run('remove')).toEqual([2, 'To remove the outbox without a terminal say --yes.']);
      const questions: string[] = [];
      const ask = (question: string): Promise<string> => (questions.push(question), Promise.resolve('n'));
      expect(await corral(['outbox', 'remove', '--url', url], { ask })).toEqual({
        ...{ code: 1, out: '', err: 'Nothing was removed.' },
      });
      expect(questions).toEqual([
        expect.stringMatching(
          /^Remove all of the outbox in the schema corral of the database \w+\? .* \[y\/N\] $/,
        ),
      ]);
      expect(await run('check', '--tables', file)).toEqual([0, 'The triggers are as they should be.']);
      expect(await run('remove', '--yes')).toEqual([0, 'The triggers and functions of the outbox are gone.']);
      expect(await run('check', '--namespaces', 'films')).toEqual(expect.arrayContaining([1]));
    });

    it('takes a module and a Prisma schema, and what the module says on top', async () => {
      const folder = await temporaryFolder();
      await writeFile(
        path.join(folder, 'tables.mjs'),
        `export default { Maker: { table: 'makers', tags: ['Film'] } }; export const namespaces = ['Film', 'Maker'];`,
      );
      await writeFile(
        path.join(folder, 'one.prisma'),
        'model Film { \n id Int @id\n @@map("films")\n}\nmodel Nothing {\n id Int @id\n}\n',
      );
      const given = ['--tables', path.join(folder, 'tables.mjs'), '--prisma', folder];
      expect(await run('apply', ...given)).toEqual([0, 'Writes are watched by triggers on films, makers.']);
    });

    it.each(['apply', 'check', 'remove'])(
      'says of %s that the database does not answer, and nothing else',
      async (verb) => {
        const port = await freePort();
        const away = (host: string) =>
          corral([
            'outbox',
            verb,
            '--url',
            `postgresql://${host}:${port}/films`,
            ...(verb === 'remove' ? ['--yes'] : ['--namespaces', 'Film']),
          ]);
        expect(await away('127.0.0.1')).toEqual({
          ...{ code: 1, out: '', err: `corral: connect ECONNREFUSED 127.0.0.1:${port}` },
        });
        expect((await away('localhost')).err).toMatch(
          /^corral: connect ECONNREFUSED \S+(; connect ECONNREFUSED \S+)*$/,
        );
        expect(
          await corral([
            'outbox',
            verb,
            '--url',
            url.replace('private', 'wrong'),
            ...(verb === 'remove' ? ['--yes'] : ['--namespaces', 'Film']),
          ]),
        ).toMatchObject({
          ...{ code: 1, err: 'corral: password authentication failed for user "postgres"' },
        });
      },
    );

    it('says what is wrong with it', async () => {
      expect(await run('aply')).toEqual(expect.arrayContaining([2, "error: unknown command 'aply'"]));
      expect(await run('apply')).toEqual([2, 'Say what to watch: --tables, --prisma or --namespaces.']);
      expect(await run('apply', '--namespace', 'A')).toEqual(
        expect.arrayContaining([2, "error: unknown option '--namespace'"]),
      );
      expect(await corral(['outbox', 'remove', '--yes'])).toMatchObject({
        code: 2,
        err: expect.stringContaining('--url'),
      });
    });
  });
});
