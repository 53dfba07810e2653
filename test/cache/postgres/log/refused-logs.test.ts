import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Tables } from '../../../../src/cache/postgres/index.js';
import { corral } from '../../../support/run-corral.js';
import { needsPostgres } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { logWorld, told } from './log-world.js';

const tables = { Film: { table: 'films', tags: ['Maker:{made_by}'] } };
const making = 'CREATE TABLE films (id int PRIMARY KEY, made_by int NOT NULL)';

describe.skipIf(!needsPostgres())('a log that cannot be read is refused at the start, in a sentence', () => {
  let server: PrivatePostgres;
  let ordinary: PrivatePostgres;
  beforeAll(async () => {
    [server, ordinary] = await Promise.all([
      privatePostgres('wal_level=logical', 'max_replication_slots=2', 'max_wal_senders=2'),
      privatePostgres(),
    ]);
    const admin = new pg.Pool({ connectionString: server.url, max: 1 });
    await admin.query(`CREATE ROLE runtime LOGIN PASSWORD 'private'`);
    await admin.end();
  });
  afterAll(() => Promise.all([server.stop(), ordinary.stop()]));

  const world = async (on = server) => {
    const made = logWorld(await on.createDatabase());
    await made.pool.query(making);
    return made;
  };

  it('of a server with another wal_level', async () => {
    const { open } = await world(ordinary);
    await expect(open({ tables, store: 'one' })).rejects.toThrow(
      'The log of the database cannot be read:\n  - The server has wal_level = replica; set wal_level = logical and start it again.',
    );
  });

  it.each([
    [
      'a generated column',
      `ALTER TABLE films ADD slug text GENERATED ALWAYS AS ('film-' || id) STORED`,
      'The log tells of no generated column, and the tag "Slug:{slug}" of the table "films" names "slug"; take it out of the tag, or set source: "triggers".',
    ],
    [
      'an unlogged table',
      'ALTER TABLE films ADD slug text; ALTER TABLE films SET UNLOGGED',
      'Nothing that is written into the unlogged table "public"."films" is in the log; run ALTER TABLE "public"."films" SET LOGGED, or set source: "triggers".',
    ],
    [
      'an unlogged part of a table',
      `DROP TABLE films; CREATE TABLE films (id int PRIMARY KEY, slug text) PARTITION BY LIST (id);
       CREATE UNLOGGED TABLE more_films PARTITION OF films DEFAULT`,
      'Nothing that is written into the unlogged table "public"."more_films" is in the log; run ALTER TABLE "public"."more_films" SET LOGGED, or set source: "triggers".',
    ],
  ])('of %s, which it would not tell of', async (_, change, sentence) => {
    const { open, pool, url } = await world();
    await pool.query(change);
    const named: Tables = { Film: { table: 'films', tags: ['Slug:{slug}'] } };
    const used = { tables: named, store: undefined, meant: ['Slug'] };
    await expect(open(used)).rejects.toThrow(`The log of the database cannot be read:\n  - ${sentence}`);
    const { log } = await open({ ...used, source: 'auto', listen: false });
    expect(log.lines[0]).toMatch(/^warn Writes are watched by triggers, as the log/);
    expect(log.lines[0]).toContain(sentence);
    const file = path.join(await temporaryFolder(), 'tables.json');
    await writeFile(file, JSON.stringify(named));
    for (const verb of ['apply', 'check', 'sql']) {
      const words = ['outbox', verb, '--tables', file, '--source', 'log', '--url', url];
      expect(await corral(words)).toMatchObject({ code: 1, err: expect.stringContaining(sentence) });
    }
  });

  it('of a user without the right', async () => {
    const { open, url } = await world();
    const pool = new pg.Pool({ connectionString: url.replace('postgres:private', 'runtime:private') });
    onTestFinished(() => pool.end());
    await expect(open({ tables, store: 'one', pool })).rejects.toThrow(
      'The database user may not read the log; an administrator runs ALTER ROLE runtime REPLICATION.',
    );
  });

  it('without a free slot, and without a free connection for a reader', async () => {
    const { open, pool, url } = await world();
    await pool.query(
      `SELECT pg_create_logical_replication_slot(name, 'pgoutput') FROM unnest('{a,b}'::text[]) AS name`,
    );
    onTestFinished(() =>
      pool
        .query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots`)
        .then(() => undefined),
    );
    await expect(open({ tables, store: 'one' })).rejects.toThrow(
      'no free replication slot; raise max_replication_slots',
    );
    await pool.query(`SELECT pg_drop_replication_slot('a')`);
    const senders = [1, 2].map(() => new pg.Client({ connectionString: `${url}?replication=database` }));
    onTestFinished(() => Promise.all(senders.map((sender) => sender.end())).then(() => undefined));
    for (const sender of senders) await sender.connect();
    await expect(open({ tables, store: 'one' })).rejects.toThrow(
      /no free connection for a reader of the log .* raise max_wal_senders/,
    );
  });

  it('behind a pooler', async () => {
    const refuses = createServer((socket) => {
      const text = 'SERROR\0C08P01\0Munsupported startup parameter: replication\0\0';
      const answer = Buffer.alloc(5 + text.length);
      answer.write('E');
      answer.writeInt32BE(4 + text.length, 1);
      answer.write(text, 5);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => refuses.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void refuses.close());
    const address = refuses.address();
    const { open } = await world();
    const listenUrl = `postgresql://a:b@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/c`;
    await expect(open({ tables, store: 'one', listenUrl })).rejects.toThrow(
      /a connection to the server itself, which a pooler such as PgBouncer refuses \(unsupported startup parameter: replication\); name the server in `listenUrl`/,
    );
  });

  it('with a slot of its name that is of another kind', async () => {
    const { open, pool } = await world();
    const { outbox } = await open({ tables, store: 'one' });
    const { rows } = await pool.query<{ slot: string }>('SELECT "slot" FROM corral."CacheLogReader"');
    await outbox.close();
    const [{ slot } = { slot: '' }] = rows;
    await expect
      .poll(async () => (await pool.query('SELECT FROM pg_replication_slots WHERE active')).rowCount)
      .toBe(0);
    await pool.query('SELECT pg_drop_replication_slot($1)', [slot]);
    await pool.query('SELECT pg_create_physical_replication_slot($1)', [slot]);
    onTestFinished(() => pool.query('SELECT pg_drop_replication_slot($1)', [slot]).then(() => undefined));
    await expect(open({ tables, store: 'one' })).rejects.toThrow(
      `a replication slot "${slot}" already, which is not one of this database`,
    );
  });

  it('where the owner of the tables must change something first, with the statements', async () => {
    const { open, pool } = await world();
    await expect(open({ tables, store: 'one', triggers: 'check' })).rejects.toThrow(
      'ALTER TABLE public.films REPLICA IDENTITY FULL;',
    );
    await pool.query('CREATE UNIQUE INDEX film_of_maker ON films (id, made_by)');
    await expect(open({ tables, store: 'one', triggers: 'check' })).rejects.toThrow(
      'ALTER TABLE public.films REPLICA IDENTITY USING INDEX "film_of_maker";',
    );
    const { outbox } = await open({ tables, store: 'one' });
    await told(outbox);
    await pool.query('INSERT INTO films VALUES (1, 7)');
    await pool.query('UPDATE films SET made_by = 8');
    expect(await told(outbox)).toEqual(['Film', 'Film:1', 'Maker:7', 'Maker:8']);
    await outbox.close();
    await open({ tables, store: 'one', triggers: 'check' });
    await pool.query(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active`);
  });

  it('unless the command makes what is missing; it also prints, checks and removes it', async () => {
    const { open, pool, url } = await world();
    const run = async (...words: string[]) => {
      const more = words[0] === 'remove' ? ['--yes'] : ['--namespaces', 'films'];
      const { code, out } = await corral(['outbox', ...words, ...more, '--source', 'log', '--url', url]);
      return [code, out];
    };
    const films = { films: {} };
    expect(await run('check')).toEqual([
      1,
      expect.stringContaining('missing: there is no publication "corral"'),
    ]);
    const [, printed] = await run('sql');
    await pool.query(String(printed));
    // What an earlier version left.
    await pool.query(
      'CREATE TABLE "CacheOutbox" ("doneAt" timestamptz); CREATE TABLE "CacheStore" ("name" text)',
    );
    const isLeft = async () =>
      (
        await pool.query(
          `SELECT to_regclass('public."CacheOutbox"') AS one, to_regclass('public."CacheStore"') AS two`,
        )
      ).rows;
    expect(await run('check')).toEqual([0, 'The log tells what it should.']);
    expect(await run('apply')).toEqual([0, 'Nothing had to be changed.']);
    expect(await isLeft()).toEqual([{ one: null, two: null }]);
    await open({ tables: films, store: 'one', triggers: 'check' });
    const slots = async () =>
      (await pool.query('SELECT FROM pg_replication_slots WHERE database = current_database()')).rowCount;
    expect(await slots()).toBe(1);
    expect(await run('remove')).toEqual([
      0,
      'The publication and the replication slots of the outbox are gone.',
    ]);
    expect(await slots()).toBe(0);
    expect((await pool.query(`SELECT FROM pg_class WHERE relname = 'CacheLogReader'`)).rowCount).toBe(0);
  });

  it('nor has who owns the tables to be a superuser where the role that runs the API may read the log', async () => {
    const { pool, url } = await world();
    await pool.query(`CREATE ROLE keeper LOGIN PASSWORD 'private'; CREATE ROLE reader LOGIN PASSWORD 'private';
      GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO keeper; ALTER TABLE films OWNER TO keeper`);
    onTestFinished(async () => {
      await pool.query('DROP OWNED BY keeper CASCADE; DROP OWNED BY reader; DROP ROLE keeper, reader');
    });
    const asKeeper = url.replace('postgres:private', 'keeper:private');
    const run = (verb: string) =>
      corral([
        ...[
          'outbox',
          verb,
          '--namespaces',
          'films',
          '--source',
          'log',
          '--role',
          'reader',
          '--url',
          asKeeper,
        ],
      ]);
    expect(await run('apply')).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /The role "reader" may not read the log, and this user may not let it \(.*\); an administrator runs ALTER ROLE reader REPLICATION;/,
      ),
    });
    expect((await run('sql')).out).toContain('ALTER ROLE reader REPLICATION;');
    await pool.query('ALTER ROLE reader REPLICATION');
    expect((await run('sql')).out).not.toContain('ALTER ROLE');
    expect(await run('apply')).toEqual({ code: 0, out: 'The log tells of the tables films now.', err: '' });
  });

  it('and `--role` gives the right that the server looks at: on RDS by a role, elsewhere to the role itself', async () => {
    const { open, pool, url } = await world();
    await pool.query(`CREATE ROLE cloudsqlsuperuser; CREATE ROLE azure_pg_admin; CREATE ROLE keeper LOGIN PASSWORD 'private';
      CREATE ROLE reader LOGIN PASSWORD 'private' IN ROLE cloudsqlsuperuser, azure_pg_admin;
      GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO keeper; ALTER TABLE films OWNER TO keeper`);
    onTestFinished(async () => {
      await pool.query('DROP OWNED BY keeper CASCADE; DROP OWNED BY reader');
      await pool.query('DROP ROLE keeper, reader, cloudsqlsuperuser, azure_pg_admin');
    });
    const words = ['--namespaces', 'films', '--source', 'log', '--role', 'reader', '--url'];
    const run = (verb: string, as = url) => corral(['outbox', verb, ...words, as]);
    expect((await run('sql')).out).toContain('ALTER ROLE reader REPLICATION;');
    await pool.query('CREATE ROLE rds_replication');
    onTestFinished(() => pool.query('DROP ROLE rds_replication').then(() => undefined));
    const printed = (await run('sql')).out;
    expect(printed).toContain('GRANT rds_replication TO reader;');
    expect(printed).not.toContain('ALTER ROLE');
    const asReader = new pg.Pool({ connectionString: url.replace('postgres:private', 'reader:private') });
    onTestFinished(() => asReader.end());
    await expect(open({ tables, store: 'one', pool: asReader })).rejects.toThrow(
      'The database user may not read the log; an administrator runs GRANT rds_replication TO reader.',
    );
    expect(await run('apply', url.replace('postgres:private', 'keeper:private'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('an administrator runs GRANT rds_replication TO reader;'),
    });
    expect(await run('apply')).toMatchObject({ code: 0 });
    const { rows } = await pool.query(
      `SELECT pg_has_role('reader', 'rds_replication', 'MEMBER') AS "isMember", rolreplication AS "mayItself"
       FROM pg_roles WHERE rolname = 'reader'`,
    );
    expect(rows).toEqual([{ isMember: true, mayItself: false }]);
    expect((await run('sql')).out).not.toContain('rds_replication');
  });

  it('and `auto` takes triggers then, and says what would bring the log', async () => {
    const { open, pool } = await world();
    const { log } = await open({ tables, store: 'one', source: 'auto', listen: false });
    expect(log.lines[0]).toMatch(
      /^info Writes are watched by triggers, as the log .* cannot be read:\n {2}- The server has max_slot_wal_keep_size = -1/,
    );
    expect((await pool.query('SELECT FROM pg_trigger WHERE NOT tgisinternal')).rowCount).toBeGreaterThan(0);
    const other = await world();
    const { log: bounded } = await other.open({ tables, store: undefined, source: 'auto' });
    expect(bounded.lines).toContainEqual(
      expect.stringMatching(/^info Writes are read from the log of the database, as it has/),
    );
    expect((await other.pool.query('SELECT FROM pg_trigger WHERE NOT tgisinternal')).rowCount).toBe(0);
  });

  it('and what goes over to triggers says that its slot is left behind, and what takes that away', async () => {
    const { open, pool, url } = await world();
    const isLeft = expect.stringMatching(
      /^warn The replication slot "corral_one_\w+" of this store is there still, .* `npx graphql-corral outbox remove --source log`\.$/,
    );
    const { outbox } = await open({ tables, store: 'one' });
    await outbox.close();
    await pool.query(`ALTER TABLE films ADD slug text GENERATED ALWAYS AS ('film-' || id) STORED`);
    const named: Tables = { Film: { table: 'films', tags: ['Slug:{slug}'] } };
    const options = { tables: named, meant: ['Slug'], listen: false } as const;
    const { log } = await open({ ...options, store: 'one', source: 'auto' });
    expect(log.lines).toContainEqual(isLeft);
    const { log: chosen } = await open({ ...options, store: 'one', source: 'triggers' });
    expect(chosen.lines).toContainEqual(isLeft);
    const { log: ofOther } = await open({ ...options, store: 'two', source: 'auto' });
    expect(ofOther.lines).not.toContainEqual(isLeft);
    expect(await corral(['outbox', 'remove', '--yes', '--source', 'log', '--url', url])).toMatchObject({
      code: 0,
    });
    const { log: after } = await open({ ...options, store: 'one', source: 'auto' });
    expect(after.lines).not.toContainEqual(isLeft);
  });
});
