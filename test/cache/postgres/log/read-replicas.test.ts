import { graphql } from 'graphql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCache, memoryStore } from '../../../../src/cache/index.js';
import { postgresOutbox, readReplicas } from '../../../../src/cache/postgres/index.js';
import { needsPostgres } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { streamingReplica, type StreamingReplica } from '../../../support/servers/streaming-replica.js';
import { testLog } from '../../../support/test-log.js';
import { seenFilms } from '../../../support/worlds/seen-films.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

const isLong = process.env['ATTACKS'] === 'long';
const writes = isLong ? 1000 : 100;

describe.skipIf(!needsPostgres())('loads from a replica that is half a second behind', () => {
  let server: PrivatePostgres;
  let replica: StreamingReplica;
  let primary: pg.Pool;
  let standby: pg.Pool;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical');
    const url = await server.createDatabase();
    primary = new pg.Pool({ connectionString: url });
    await primary.query('CREATE TABLE films (id int PRIMARY KEY, seen int NOT NULL)');
    await primary.query('INSERT INTO films SELECT n, 0 FROM generate_series(1, 1000) AS n');
    replica = await streamingReplica(url, 'recovery_min_apply_delay=500ms');
    standby = new pg.Pool({ connectionString: replica.url });
    standby.on('error', () => undefined);
  });
  afterAll(async () => {
    await standby.end();
    await primary.end();
    await replica.stop();
    await server.stop();
  });

  const caughtUp = async () => {
    const { rows } = await primary.query<{ place: string }>(
      'SELECT pg_current_wal_flush_lsn()::text AS place',
    );
    const hasCome = async () =>
      (
        await standby.query<{ has: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1 AS has', [
          rows[0]?.place,
        ])
      ).rows[0]?.has;
    await expect.poll(hasCome, { timeout: 15_000 }).toBe(true);
  };

  /** Writes films and reads them again at once; how many are served afterwards as they were, when everything has come everywhere. */
  async function oldFills({
    source,
    client,
  }: {
    readonly source: 'triggers' | 'log';
    readonly client: () => Promise<pg.Pool>;
  }): Promise<number> {
    await primary.query('UPDATE films SET seen = 0');
    await caughtUp();
    const outbox = postgresOutbox({
      pool: primary,
      tables: { Film: { table: 'films' } },
      source,
      schema: source,
      log: testLog(),
    });
    const cache = createCache({ store: memoryStore(), outbox });
    onTestFinished(() => cache.close());
    const schema = seenFilms({ cache, reader: client, writer: primary });
    await cache.start();
    await caughtUp();
    const ask = async (source: string) => {
      const { data, errors } = await graphql({ schema, source, contextValue: {} });
      expect(errors).toBeUndefined();
      return data;
    };
    for (let id = 1; id <= 20; id += 1) await ask(`{ seen(id: ${id}) }`);
    for (let id = 1; id <= writes; id += 1) {
      await ask(`mutation { touch(id: ${id}) }`);
      await ask(`{ seen(id: ${id}) }`);
    }
    await caughtUp();
    let old = 0;
    for (let id = 1; id <= writes; id += 1) if ((await ask(`{ seen(id: ${id}) }`))?.['seen'] !== 1) old += 1;
    return old;
  }

  it.each(isLong ? (['log', 'triggers'] as const) : (['log'] as const))(
    'bring back nothing old with the helper, changes told by the %s',
    async (source) => {
      const replicas = readReplicas({
        primary: { pool: primary, client: primary },
        replicas: [{ pool: standby, client: standby }],
        waitAtMostMs: 2,
      });
      expect(await oldFills({ source, client: () => replicas.client() })).toBe(0);
      // A machine that stands still for half a second lets the replica catch up: not every load is the primary's.
      expect(replicas.counts().primary).toBeGreaterThan(writes / 2);
      // Now it knows everything, and is asked again, as soon as it answers within the two milliseconds.
      const ofReplica = async () => {
        await replicas.client();
        return replicas.counts().replica;
      };
      await expect.poll(ofReplica, { timeout: 10_000, interval: 10 }).toBeGreaterThan(0);
    },
  );

  it('bring back what was before without it', async () => {
    expect(await oldFills({ source: 'log', client: () => Promise.resolve(standby) })).toBeGreaterThan(
      writes / 2,
    );
  });

  it.each([
    ['pool', () => ({ pool: standby })],
    ['listenUrl', () => ({ pool: primary, listenUrl: replica.url })],
  ])(
    'and a log that is to be read from it is refused at the start, in a sentence: by %s',
    async (option, where) => {
      const outbox = postgresOutbox({
        tables: { Film: { table: 'films' } },
        source: 'log',
        schema: 'refused',
        log: testLog(),
        ...where(),
      });
      const cache = createCache({ store: memoryStore(), outbox });
      onTestFinished(() => cache.close());
      seenFilms({ cache, reader: () => primary, writer: primary });
      await expect(cache.start()).rejects.toThrow(
        `The log of the database cannot be read:\n  - The server is a standby, from whose log nothing is read here; name the primary in \`${option}\`.`,
      );
    },
  );

  it('go to the primary where the replica does not answer, or is none', async () => {
    const away = new pg.Pool({ connectionString: 'postgresql://127.0.0.1:1/none' });
    for (const pool of [away, primary]) {
      const replicas = readReplicas({
        primary: { pool: primary, client: 'primary' },
        replicas: [{ pool, client: 'replica' }],
      });
      expect(await replicas.client()).toBe('primary');
    }
    expect(await readReplicas({ primary: { pool: primary, client: 'primary' }, replicas: [] }).client()).toBe(
      'primary',
    );
  });
});
