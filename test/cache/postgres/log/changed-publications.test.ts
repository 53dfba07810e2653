import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyLogOutbox } from '../../../../src/cache/postgres/index.js';
import type { Outbox } from '../../../../src/cache/index.js';
import { needsPostgres } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { FORGET, logWorld, told } from './log-world.js';

const making = `
  CREATE TABLE films (id int PRIMARY KEY, made_by int, title text);
  CREATE TABLE notes (id int PRIMARY KEY, text text)`;
const tables = { Film: { table: 'films' } };

describe.skipIf(!needsPostgres())('what the log says of itself', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
  });
  afterAll(() => server.stop());

  async function world({ store }: { store: string | undefined } = { store: 'one' }) {
    const made = logWorld(await server.createDatabase());
    await made.pool.query(making);
    const { outbox, log } = await made.open({ tables, store });
    await told(outbox);
    return { ...made, outbox, log };
  }
  type World = Awaited<ReturnType<typeof world>>;
  /** The first look that does not fail. */
  const firstTold = async (outbox: Outbox): Promise<string[]> => {
    for (let looks = 1; ; looks += 1) {
      const tags = await told(outbox).catch((error: unknown) => error);
      if (Array.isArray(tags)) return tags.map(String);
      if (looks === 20) throw tags;
    }
  };
  const emit = ({ pool }: World, prefix: string, content: string) =>
    pool.query('SELECT pg_logical_emit_message(true, $1, $2)', [prefix, content]);

  it('to another outbox of the same database means nothing', async () => {
    const { pool, outbox, open } = await world();
    const readers = async () =>
      (await pool.query<{ pid: number }>('SELECT active_pid AS pid FROM pg_replication_slots')).rows;
    const [reader] = await readers();
    const other = await open({ tables: { Note: { table: 'notes' } }, store: 'one', schema: 'shop' });
    await told(other.outbox);
    await pool.query(`INSERT INTO films VALUES (1); INSERT INTO notes VALUES (2)`);
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
    expect(await told(other.outbox)).toEqual(['Note', 'Note:2']);
    expect(await readers()).toContainEqual(reader);
  });

  it('in a message that any role may write makes no reader deaf, and is not read for ever', async () => {
    const made = await world();
    for (const content of [
      '{"format":1,"stamp":"x","tables":[]}',
      '{"format":1,"stamp":"x","tables":[{}]}',
      '{"format":9}',
      '',
    ]) {
      for (const prefix of ['corral plan corral', 'corral plan']) await emit(made, prefix, content);
    }
    await made.pool.query('INSERT INTO films VALUES (1)');
    expect(await told(made.outbox)).toEqual(['Film', 'Film:1']);
    await made.pool.query('INSERT INTO films VALUES (2)');
    expect(await told(made.outbox)).toEqual(['Film', 'Film:2']);
  });

  it('of tags, where it is no list of them, ends everything, once', async () => {
    const made = await world();
    const { rows } = await made.pool.query<{ slot: string }>('SELECT "slot" FROM corral."CacheLogReader"');
    for (const content of ['no JSON', '{}', '[1]']) {
      await emit(made, `corral tags ${rows[0]?.slot}`, content);
      expect(await told(made.outbox)).toEqual([FORGET]);
      expect(await told(made.outbox)).toEqual([]);
    }
  });

  it('of a mapping that a later start has changed holds from then on, in processes that run', async () => {
    const { pool, outbox, open } = await world();
    await open({ tables: { ...tables, Note: { table: 'notes' } }, store: 'one' });
    await pool.query('INSERT INTO films VALUES (1); INSERT INTO notes VALUES (2)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1', 'Note', 'Note:2']);
    await open({ tables, store: 'one' });
    await pool.query('INSERT INTO films VALUES (3); INSERT INTO notes VALUES (4)');
    expect(await told(outbox)).toEqual(['Film', 'Film:3']);
    await open({ tables: { Film: { table: 'films', tags: ['Maker:{made_by}'] } }, store: 'one' });
    await pool.query('INSERT INTO films VALUES (5, 7)');
    expect(await told(outbox)).toEqual(['Film', 'Film:5', 'Maker:7']);
  });

  it.each(['one', undefined])(
    'is put right where another program has changed the publication, and the first look that succeeds forgets: store %s',
    async (store) => {
      const { pool, outbox } = await world({ store });
      await pool.query('ALTER PUBLICATION corral DROP TABLE films');
      await pool.query('INSERT INTO films VALUES (1)');
      expect(await firstTold(outbox)).toContain(FORGET);
      await pool.query('INSERT INTO films VALUES (2)');
      expect(await told(outbox)).toEqual(['Film', 'Film:2']);
    },
  );

  const publication = async ({ pool }: World) =>
    (await pool.query<{ oid: string }>('SELECT oid::text FROM pg_publication')).rows;

  it.each([
    ['dropped', 'DROP TABLE films; ALTER TABLE films_new RENAME TO films'],
    ['kept', 'ALTER TABLE films RENAME TO films_old; ALTER TABLE films_new RENAME TO films'],
  ])('follows a table that took the place of another one, which was %s', async (_, swap) => {
    const made = await world();
    const { pool, outbox } = made;
    await pool.query('CREATE TABLE films_new (title text, made_by int, id int PRIMARY KEY)');
    await pool.query(`BEGIN; ${swap}; COMMIT`);
    await pool.query('INSERT INTO films (id) VALUES (1)');
    expect(await firstTold(outbox)).toContain(FORGET);
    const before = await publication(made);
    await pool.query(`UPDATE films SET title = 'b'`);
    expect(await firstTold(outbox)).toEqual(['Film', 'Film:1']);
    expect(await told(outbox)).toEqual([]);
    expect(await publication(made)).toEqual(before);
  });

  it('fails each look while a mapped table is gone, and forgets once when it is there again', async () => {
    const made = await world();
    const { pool, outbox } = made;
    await pool.query('DROP TABLE films');
    await expect(told(outbox)).rejects.toThrow(
      'The table "public"."films", which the log tells of, is gone; make it again, or take it out of `tables` and start again.',
    );
    await pool.query('CREATE TABLE films (id int PRIMARY KEY)');
    expect(await firstTold(outbox)).toContain(FORGET);
    await pool.query('INSERT INTO films VALUES (1)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
  });

  it('is read on by the same process while a table stays renamed', async () => {
    const { pool, outbox } = await world({ store: undefined });
    await pool.query('ALTER TABLE films RENAME TO films_old');
    await outbox.keep();
    expect(await firstTold(outbox)).toContain(FORGET);
    for (let minute = 0; minute < 2; minute += 1) {
      await outbox.keep();
      expect(await told(outbox)).toEqual([]);
    }
    await pool.query('INSERT INTO films_old VALUES (1)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
  });

  it('follows a table whose name another one took only later, within the minute in which processes look after it', async () => {
    const { pool, outbox } = await world();
    await pool.query('ALTER TABLE films RENAME TO films_old');
    // A minute passes.
    await outbox.keep();
    await pool.query('INSERT INTO films_old VALUES (1)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
    await pool.query('CREATE TABLE films (id int PRIMARY KEY)');
    await outbox.keep();
    expect(await firstTold(outbox)).toContain(FORGET);
    await pool.query('INSERT INTO films VALUES (1)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
  });

  it.each([
    ['an earlier version made', 'ALTER PUBLICATION corral SET (publish_via_partition_root = true)'],
    [
      'names a table of which another one has taken the place',
      'ALTER TABLE films RENAME TO films_old; CREATE TABLE films (id int PRIMARY KEY)',
    ],
    [
      'was given that one by another program',
      'ALTER TABLE films RENAME TO films_old; CREATE TABLE films (id int PRIMARY KEY); ALTER PUBLICATION corral SET TABLE films',
    ],
  ])('has the next start forget, where the publication is one that %s', async (_, change) => {
    const { pool, outbox, open } = await world();
    await outbox.close();
    await pool.query(change);
    const { outbox: next } = await open({ tables, store: 'one' });
    expect(await firstTold(next)).toEqual([FORGET]);
    await pool.query('INSERT INTO films VALUES (1)');
    expect(await told(next)).toEqual(['Film', 'Film:1']);
  });

  it('has all stores forget where the publication was gone, since a server may pass that over', async () => {
    const { pool, outbox } = await world();
    await outbox.close();
    const mustForget = async () =>
      (await pool.query<{ must: boolean }>('SELECT "mustForget" AS must FROM corral."CacheLogReader"')).rows;
    expect(await mustForget()).toEqual([{ must: false }]);
    await pool.query('DROP PUBLICATION corral');
    await applyLogOutbox({ pool, tables, namespaces: ['Film'] });
    expect(await mustForget()).toEqual([{ must: true }]);
  });
});
