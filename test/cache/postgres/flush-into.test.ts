import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  flushInto,
  isPermanentSqlError,
  type FlushIntoOptions,
  type OutboxPool,
} from '../../../src/cache/postgres/index.js';
import { openMemoryPostgres } from '../../../src/database/embedded-postgres.js';

describe('flushing into a table', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ pool, close } = await openMemoryPostgres());
    await pool.query(`CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE SCHEMA "Odd one";
      CREATE TABLE shelf (id int PRIMARY KEY);
      CREATE TABLE "Odd one"."Place" ("the shelf" int REFERENCES shelf, slot uuid, mood mood, at timestamptz(3), made timestamptz(3),
        price numeric(5, 2), tags text[], more jsonb, version int NOT NULL DEFAULT 1, seq bigint, PRIMARY KEY ("the shelf", slot))`);
  });
  beforeEach(() => pool.query('TRUNCATE shelf CASCADE; INSERT INTO shelf VALUES (1), (2)'));
  afterAll(() => close());

  const slot = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  const at = new Date(1_700_000_000_123);
  const place = (seq: number, more: object = {}) => ({
    seq,
    state: {
      'the shelf': 1,
      slot,
      mood: 'glad',
      at,
      price: '1.25',
      tags: ['a', 'b'],
      more: { deep: [1] },
      ...more,
    },
  });
  const columns = ['mood', 'at', 'price', 'tags', 'more'];
  const origin = (options: Partial<FlushIntoOptions> = {}) =>
    flushInto({
      pool,
      ...{ table: 'Place', schema: 'Odd one', id: ['the shelf', 'slot'], columns, seq: 'seq' },
      ...options,
    });
  const flush = (writes: readonly ReturnType<typeof place>[], options: Partial<FlushIntoOptions> = {}) =>
    origin(options).flush(writes, undefined);
  const rows = async () => (await pool.query('SELECT * FROM "Odd one"."Place" ORDER BY "the shelf"')).rows;

  it('inserts and updates rows of columns of any type', async () => {
    await flush([place(5)], { onInsert: { made: 'at' }, version: 'version' });
    const first = {
      'the shelf': 1,
      slot,
      mood: 'glad',
      at,
      made: at,
      price: '1.25',
      tags: ['a', 'b'],
      more: { deep: [1] },
    };
    expect(await rows()).toEqual([{ ...first, version: 1, seq: '5' }]);
    const later = new Date(at.getTime() + 1);
    await flush([place(6, { at: later, mood: 'sad' })], { onInsert: { made: 'at' }, version: 'version' });
    expect(await rows()).toEqual([{ ...first, at: later, mood: 'sad', version: 2, seq: '6' }]);
  });

  it('leaves rows with a higher number, takes the later one of two writes, and any over a row without a number', async () => {
    const mood = async () => (await rows()).map((row: { mood: string; seq: string }) => [row.mood, row.seq]);
    await flush([place(7, { mood: 'sad' }), place(6)]);
    expect(await mood()).toEqual([['sad', '7']]);
    await flush([place(7), place(3)]);
    expect(await mood()).toEqual([['sad', '7']]);
    await pool.query('UPDATE "Odd one"."Place" SET seq = NULL');
    await flush([place(1)]);
    expect(await mood()).toEqual([['glad', '1']]);
  });

  it('leaves out rows whose parent is gone, and else refuses them for good', async () => {
    const lost = [place(1), place(2, { 'the shelf': 3 })];
    await flush(lost, { parents: [{ table: 'shelf', schema: 'public', on: { id: 'the shelf' } }] });
    expect(await rows()).toHaveLength(1);
    const { isPermanent } = origin();
    expect(await flush(lost).then(() => 'written', isPermanent)).toBe(true);
    expect(await flush([place(1, { mood: 'angry' })]).then(() => 'written', isPermanent)).toBe(true);
  });

  it('takes what a function makes of a state, and refuses for good what it cannot make one of', async () => {
    const { isPermanent } = origin();
    const row = (state: unknown) => {
      if (typeof state !== 'string') throw new Error('no text');
      return { 'the shelf': 2, slot: state };
    };
    await origin({ row }).flush([{ seq: 1, state: slot }], undefined);
    expect(await rows()).toEqual([expect.objectContaining({ 'the shelf': 2, slot, mood: null })]);
    expect(await flush([place(1)], { row }).then(() => 'written', isPermanent)).toBe(true);
    expect(
      await origin()
        .flush([{ seq: 1, state: 7 }], undefined)
        .then(() => 'written', isPermanent),
    ).toBe(true);
  });

  it('finds its pool in the context, and tells in a sentence what the database does not have', async () => {
    const options = { table: 'shelf', id: ['id'], columns: [], seq: 'number' };
    const { flush: refused } = flushInto<{ pg: pg.Pool }>({ ...options, pool: (context) => context.pg });
    await expect(refused([], { pg: pool })).rejects.toThrow(
      'flushInto: the table "shelf" does not have "number".',
    );
    await expect(flush([], { table: 'None' })).rejects.toThrow(
      'flushInto: the database does not have the table "Odd one"."None".',
    );
    expect(() => origin({ id: [] })).toThrow('flushInto: id must name the columns of a unique key');
    const misspelt: object = { colums: [] };
    expect(() => origin(misspelt)).toThrow('there is no option "colums" (did you mean "columns"?)');
  });

  it('writes whole numbers of any size, and bytes as bytes', async () => {
    await pool.query('CREATE TABLE blob (id int PRIMARY KEY, big bigint, bytes bytea, seq bigint)');
    const { flush: write } = flushInto({
      pool,
      table: 'blob',
      id: ['id'],
      columns: ['big', 'bytes'],
      seq: 'seq',
    });
    await write([{ seq: 1, state: { id: 1, big: 2n ** 60n, bytes: Buffer.from([1, 254, 3]) } }], undefined);
    expect((await pool.query('SELECT big, bytes FROM blob')).rows).toEqual([
      { big: `${2n ** 60n}`, bytes: Buffer.from([1, 254, 3]) },
    ]);
  });

  it('reads the types of the table again where a row does not fit them any more', async () => {
    await pool.query('CREATE TABLE note (id int PRIMARY KEY, text varchar(3), seq bigint)');
    const { flush: write, isPermanent } = flushInto({
      ...{ pool, table: 'note', id: ['id'], columns: ['text'], seq: 'seq' },
    });
    const long = [{ seq: 2, state: { id: 1, text: 'longer' } }];
    await write([{ seq: 1, state: { id: 1, text: 'one' } }], undefined);
    expect(await write(long, undefined).then(() => 'written', isPermanent)).toBe(true);
    await pool.query('ALTER TABLE note ALTER COLUMN text TYPE varchar(9)');
    await write(long, undefined);
    await pool.query('ALTER TABLE note ALTER COLUMN id TYPE text');
    await write([{ seq: 3, state: { id: 'two', text: 'other' } }], undefined);
    expect((await pool.query('SELECT id, text FROM note ORDER BY seq')).rows).toEqual([
      { id: '1', text: 'longer' },
      { id: 'two', text: 'other' },
    ]);
  });

  it('refuses a row for good also where a transaction that it has aborted keeps the types from being read again', async () => {
    const client = await pool.connect();
    onTestFinished(async () => {
      await client.query('ROLLBACK');
      client.release();
    });
    const within: OutboxPool = {
      query: client.query.bind(client),
      connect: () => Promise.reject(new Error('one connection only')),
    };
    const { flush: write, isPermanent } = origin({ pool: within });
    await client.query('BEGIN');
    await write([place(1)], undefined);
    const refused = await write([place(2, { mood: 'angry' })], undefined).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: '22P02' });
    expect(isPermanent(refused)).toBe(true);
  });

  it('buries nothing because the column of the number is too small for it, and says so', async () => {
    await pool.query('CREATE TABLE small (id int PRIMARY KEY, seq int)');
    const { flush: write, isPermanent } = flushInto({
      ...{ pool, table: 'small', id: ['id'], columns: [], seq: 'seq' },
    });
    const writes = [{ seq: 1_700_000_000_123_456, state: { id: 1 } }];
    const refused: unknown = await write(writes, undefined).catch((error: unknown) => error);
    expect(String(refused)).toContain(
      'flushInto: the column "seq" of the table "small" must be a bigint, to keep the numbers of writes, but is of type integer.',
    );
    expect(isPermanent(refused)).toBe(false);
    await pool.query('ALTER TABLE small ALTER COLUMN seq TYPE bigint');
    await write(writes, undefined);
    expect((await pool.query('SELECT seq FROM small')).rows).toEqual([{ seq: '1700000000123456' }]);
  });

  it('makes no deletion, for good, and says so', async () => {
    const { flush: write, isPermanent } = origin();
    const refused: unknown = await write([{ seq: 1, state: null }], undefined).catch(
      (error: unknown) => error,
    );
    expect(String(refused)).toContain(
      'the written state is null, a deletion, which needs a flush of its own',
    );
    expect(isPermanent(refused)).toBe(true);
  });

  it('is tried again after what passes, and where it cannot be told', () => {
    const verdict = (code: string) => isPermanentSqlError(Object.assign(new Error('failed'), { code }));
    expect(['23505', '22001', '40001', '57P01', 'ECONNRESET', 'P0001'].map(verdict)).toEqual([
      ...[true, true, false, false, false, undefined],
    ]);
    // Of Prisma: no connection and a conflict, then a row that is refused.
    expect(['P1001', 'P1008', 'P1017', 'P2024', 'P2034', 'P2003'].map(verdict)).toEqual([
      ...[false, false, false, false, false, undefined],
    ]);
  });
});
