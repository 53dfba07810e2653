import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { databaseBackends, type DatabaseBackend } from '../support/servers/database-backends.js';
import { testLog } from '../support/test-log.js';

describe.each(databaseBackends)('migrations on $name', ({ open, name }) => {
  let backend: DatabaseBackend;
  const apply = async (files: Record<string, string>, log = testLog()) =>
    applyMigrations({ pool: backend.pool, log, directory: await migrations(files) });
  const select = async (sql: string) => (await backend.pool.query(sql)).rows;

  beforeAll(async () => {
    backend = await open();
  });
  beforeEach(async () => {
    await backend.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  });
  afterAll(() => backend.close());

  it('are applied in the order of their names and recorded as Prisma records them', async () => {
    const log = testLog();
    const second = 'ALTER TABLE a ADD y int';
    expect(await apply({ '2_second': second, '1_first': 'CREATE TABLE a (x int)' }, log)).toEqual([
      '1_first',
      '2_second',
    ]);
    expect(log.lines).toEqual(['info Applied 2 database migrations.']);
    const [, row] = await select('SELECT * FROM _prisma_migrations ORDER BY migration_name');
    expect(row).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum: createHash('sha256').update(second).digest('hex'),
      finished_at: expect.any(Date),
      migration_name: '2_second',
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      applied_steps_count: 1,
    });
  });

  it('are applied once', async () => {
    await apply({ '1_first': 'CREATE TABLE a (x int)' });
    const log = testLog();
    expect(await apply({ '1_first': 'CREATE TABLE a (x int)' }, log)).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  it('may hold functions whose bodies have semicolons', async () => {
    const body = `BEGIN NEW.x = 1; RETURN NEW; END`;
    await apply({
      '1_trigger': `CREATE TABLE a (x int);
        CREATE FUNCTION one() RETURNS trigger LANGUAGE plpgsql AS $$ ${body} $$;
        CREATE TRIGGER one BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION one();`,
    });
    expect(await select('INSERT INTO a VALUES (7) RETURNING x')).toEqual([{ x: 1 }]);
  });

  it('may build an index concurrently, which PostgreSQL refuses within a transaction', async () => {
    await apply({
      '1_table': 'CREATE TABLE a (x int)',
      '2_index': 'CREATE INDEX CONCURRENTLY a_x ON a (x)',
    });
    expect(await select(`SELECT indexname FROM pg_indexes WHERE indexname = 'a_x'`)).toHaveLength(1);
  });

  it('leave nothing but their record when they fail, and stop the next start', async () => {
    const files = { '1_bad': 'CREATE TABLE a (x int); SELECT nonsense;' };
    await expect(apply(files)).rejects.toThrow('Migration 1_bad failed: column "nonsense" does not exist.');
    expect(await select(`SELECT to_regclass('a') AS table`)).toEqual([{ table: null }]);
    const [{ started_at: startedAt, logs }] = await select('SELECT * FROM _prisma_migrations');
    expect(logs).toContain('column "nonsense" does not exist');
    await expect(apply(files)).rejects.toThrow(
      `Migration 1_bad was begun on ${startedAt.toISOString()} and did not finish; put the database right, ` +
        'run `npx prisma migrate resolve --rolled-back 1_bad`, and start again.',
    );
  });

  it('are applied again after they were marked as rolled back', async () => {
    await expect(apply({ '1_bad': 'SELECT nonsense' })).rejects.toThrow();
    await backend.pool.query('UPDATE _prisma_migrations SET rolled_back_at = now()');
    expect(await apply({ '1_bad': 'SELECT 1' })).toEqual(['1_bad']);
  });

  it('must not change once they are applied', async () => {
    await apply({ '1_first': 'CREATE TABLE a (x int)' });
    await expect(apply({ '1_first': 'CREATE TABLE a (x bigint)' })).rejects.toThrow(
      'Migration 1_first was changed after it was applied; restore its migration.sql from version control ' +
        'and put the change into a new migration with `npm run migrate:new -- <name>`.',
    );
  });

  it('that only the database knows are told, as a newer version may be running beside this one', async () => {
    await apply({ '1_first': 'SELECT 1', '2_newer': 'SELECT 2' });
    const log = testLog();
    expect(await apply({ '1_first': 'SELECT 1' }, log)).toEqual([]);
    expect(log.lines).toEqual([
      'warn The database has migration 2_newer, which this version does not know; it may be newer.',
    ]);
  });

  it("are not mixed into somebody else's tables", async () => {
    await backend.pool.query('CREATE TABLE customers (id int)');
    await expect(apply({ '1_first': 'SELECT 1' })).rejects.toThrow(
      'The database holds tables ("customers" for one) but no history of migrations; use an empty database, or, if ' +
        'the tables are ours, run `npx prisma migrate resolve --applied <migration>` for each migration they have.',
    );
  });

  it('need their file', async () => {
    const directory = await temporaryFolder({ '1_first/notes.txt': '' });
    await expect(applyMigrations({ pool: backend.pool, log: testLog(), directory })).rejects.toThrow(
      `Migration 1_first has no readable migration.sql; restore ${directory}/1_first/migration.sql or delete its folder.`,
    );
  });

  // The embedded database belongs to one process and has one connection: nobody starts beside it.
  if (name !== 'embedded') {
    it('are applied by one of several servers that start together', async () => {
      const files = { '1_first': 'CREATE TABLE a (x int); SELECT pg_sleep(0.1)' };
      const applied = await Promise.all([apply(files), apply(files), apply(files)]);
      expect(applied.flat()).toEqual(['1_first']);
    });
  }
});

async function migrations(files: Record<string, string>): Promise<string> {
  const entries = Object.entries(files).map(([name, sql]) => [`${name}/migration.sql`, sql]);
  return temporaryFolder({
    'migration_lock.toml': 'provider = "postgresql"',
    ...Object.fromEntries(entries),
  });
}
