import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { FORGET, watchedWorld } from './watched-world.js';

const tables = 'CREATE TABLE films (id int PRIMARY KEY, title text)';

/** What may become of the outbox while its triggers are there. */
const losses: readonly (readonly [what: string, sql: string])[] = [
  ['the outbox', 'DROP TABLE corral."CacheOutbox"'],
  ['the name of the outbox', 'ALTER TABLE corral."CacheOutbox" RENAME TO old'],
  ['the right to write to the outbox', 'REVOKE INSERT ON corral."CacheOutbox" FROM owner'],
  ['the column of tags', 'ALTER TABLE corral."CacheOutbox" RENAME "tags" TO old'],
  ['the column of the store', 'ALTER TABLE corral."CacheOutbox" RENAME "store" TO old'],
  ['the name of a store', 'ALTER TABLE corral."CacheStore" RENAME "name" TO old'],
  ['the time of a store', 'ALTER TABLE corral."CacheStore" DROP "seenAt"'],
  ['the stores', 'DROP TABLE corral."CacheStore"'],
  ['the right to read the stores', 'REVOKE SELECT ON corral."CacheStore" FROM owner'],
  ['the name of the schema', 'ALTER SCHEMA corral RENAME TO old'],
  ['the right to use the schema', 'REVOKE USAGE ON SCHEMA corral FROM owner'],
  ['its functions', 'DROP FUNCTION corral.cache_outbox_forget; DROP TABLE corral."CacheOutbox"'],
  ['the function that writes many tags', 'DROP FUNCTION corral.cache_outbox_write'],
  ['the right to call it', 'REVOKE EXECUTE ON FUNCTION corral.cache_outbox_write FROM owner'],
];

describe.skipIf(!needsPostgres())('a write of others goes on where triggers have lost', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres();
  });
  afterAll(async () => {
    await server.stop();
  });

  it.each(losses)('%s', async (_what, loss) => {
    const admin = new pg.Client({ connectionString: await server.createDatabase() });
    onTestFinished(() => admin.end());
    await admin.connect();
    await admin.query(`
      DO $$ BEGIN CREATE ROLE owner LOGIN PASSWORD 'owner'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      DO $$ BEGIN EXECUTE pg_catalog.format('GRANT CREATE ON DATABASE %I TO owner', current_database()); END $$;
      GRANT ALL ON SCHEMA public TO owner`);
    const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
    const url = new URL(server.url);
    [url.username, url.password, url.pathname] = ['owner', 'owner', `/${rows[0]?.name}`];
    const world = watchedWorld(url.href);
    onTestFinished(() => world.close());
    await world.pool.query(tables);
    await world.watch({ Film: { table: 'films' } });
    expect(await world.told(`INSERT INTO films VALUES (1, 'a')`)).toEqual(['Film', 'Film:1']);
    // In the same session too, where the plans of before are kept.
    const writer = await world.pool.connect();
    onTestFinished(() => writer.release());
    const write = async (id: number): Promise<void> => {
      await writer.query('INSERT INTO films VALUES ($1, $2)', [id, 'b']);
      await writer.query('UPDATE films SET title = $1 || title', ['c']);
      await writer.query('INSERT INTO films SELECT 10 * n FROM generate_series(1, 600) AS n');
      await writer.query('DELETE FROM films WHERE id = $1 OR id % 10 = 0', [id]);
    };
    await write(2);
    await admin.query(loss);
    await write(3);
  });

  it('a column, which the caches are told: they forget everything', async () => {
    const world = watchedWorld(await server.createDatabase());
    onTestFinished(() => world.close());
    await world.pool.query(tables);
    await world.watch({ Film: { table: 'films' } });
    await world.pool.query('ALTER TABLE corral."CacheOutbox" RENAME "versions" TO old');
    expect(await world.told(`INSERT INTO films VALUES (1, 'a')`)).toEqual([FORGET]);
  });

  it('nothing, in sessions that each error ends', async () => {
    const world = watchedWorld(await server.createDatabase());
    onTestFinished(() => world.close());
    await world.pool.query(tables);
    await world.watch({ Film: { table: 'films' } });
    const writer = await world.pool.connect();
    onTestFinished(() => writer.release());
    await writer.query('SET exit_on_error = on');
    await writer.query(`INSERT INTO films VALUES (1, 'a'), (2, 'b')`);
    await writer.query(`UPDATE films SET id = 3 WHERE id = 1`);
    await writer.query('DELETE FROM films');
    const { rows } = await world.pool.query<{ tag: string }>(
      'SELECT DISTINCT tag FROM corral."CacheOutbox", unnest("tags") AS tag ORDER BY tag',
    );
    expect(rows.map(({ tag }) => tag)).toEqual(['Film', 'Film:1', 'Film:2', 'Film:3']);
  });
});
