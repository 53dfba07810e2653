import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/database/connect-database.js';
import { createDatabase, type Database } from '../../src/database/database.js';
import { openMemoryPostgres } from '../../src/database/embedded-postgres.js';
import { loadDevelopmentPackage } from '../../src/database/load-development-package.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testLog } from '../support/test-log.js';

const open = (dataDirectory: string) => connectDatabase({ dataDirectory, log: testLog() });

describe('the embedded database', () => {
  it('keeps its rows in the data directory, and is made anew when it was half-made', async () => {
    // What a process leaves that was killed during its first start.
    const directory = await temporaryFolder({ 'postgres-is-being-made': '', 'postgres/PG_VERSION': '18\n' });
    const first = await open(directory);
    expect(first.kind).toBe('embedded');
    await first.pool.query('CREATE TABLE a (x int); INSERT INTO a VALUES (1)');
    await first.close();
    expect((await readdir(directory)).sort()).toEqual(['lock-1.json', 'postgres']);

    const second = await open(directory);
    expect((await second.pool.query('SELECT x FROM a')).rows).toEqual([{ x: 1 }]);
    await expect(open(directory)).rejects.toThrow(`is in use by process ${process.pid}`);
    await second.close();
  });

  it('that cannot be opened says so, and leaves the directory free', async () => {
    const directory = await temporaryFolder({ 'postgres/PG_VERSION': 'nonsense' });
    const sentence =
      `The embedded database in ${directory}/postgres cannot be opened; restore it, ` +
      'or delete that folder to begin with new demo data.';
    await expect(open(directory)).rejects.toThrow(sentence);
    await expect(open(directory)).rejects.toThrow(sentence);
  });

  it('says what to do when its package is not installed', async () => {
    const name = 'a-package-that-is-not-installed';
    const load = () => loadDevelopmentPackage(() => import(name), 'Install it.');
    await expect(load()).rejects.toThrow('Install it.');
  });
});

describe('a database', () => {
  let database: Database;
  const seen: string[] = [];

  beforeAll(async () => {
    const embedded = await openMemoryPostgres();
    const onStatement = (sql: string): void => void seen.push(sql);
    database = createDatabase({ ...embedded, kind: 'embedded', log: testLog(), onStatement });
  });
  afterAll(() => database.close());

  it('counts its statements, whoever sends them', async () => {
    const before = database.statements();
    await database.ping();
    await database.prisma.$queryRaw`SELECT 2 AS two`;
    await database.prisma.$transaction(async (tx) => tx.$queryRaw`SELECT 3 AS three`);
    expect(seen.slice(before)).toEqual([
      'SELECT 1',
      'SELECT 2 AS two',
      'BEGIN',
      'SELECT 3 AS three',
      'COMMIT',
    ]);
    expect(database.statements() - before).toBe(5);
  });

  it('begins each connection without what the last one left behind', async () => {
    const client = await database.pool.connect();
    await client.query('BEGIN; CREATE TABLE left_behind (x int)');
    await client.query({ name: 'same-name', text: 'SELECT 1' });
    client.release(true);
    await database.pool.query({ name: 'same-name', text: 'SELECT 2' });
    const { rows } = await database.pool.query(`SELECT to_regclass('left_behind') AS table`);
    expect(rows).toEqual([{ table: null }]);
  });

  it('carries large rows, errors and many statements at once over the stream', async () => {
    const large = 'x'.repeat(3_000_000);
    expect((await database.pool.query('SELECT $1::text AS large', [large])).rows[0].large).toHaveLength(
      3_000_000,
    );
    await expect(database.pool.query('SELECT nonsense')).rejects.toThrow('column "nonsense" does not exist');
    const many = Array.from({ length: 200 }, (_, n) => database.pool.query('SELECT $1::int AS n', [n]));
    expect((await Promise.all(many)).map(({ rows }) => rows[0].n)).toEqual(many.map((_, n) => n));
  });
});
