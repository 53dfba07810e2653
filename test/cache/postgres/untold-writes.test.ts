import { graphql } from 'graphql';
import { makeExecutableSchema } from '@graphql-tools/schema';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { applyOutbox, checkOutbox, postgresOutbox } from '../../../src/cache/postgres/index.js';
import { homeOf } from '../../../src/cache/postgres/home.js';
import { outboxOfStore } from '../../../src/cache/postgres/outbox-of-store.js';
import type { OutboxRow } from '../../../src/cache/outbox/outbox.js';
import { cacheLog } from '../../support/cache-log.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { testLog } from '../../support/test-log.js';

const tables = { Film: { table: 'films' } };
const lost = 'REVOKE INSERT ON corral."CacheOutbox" FROM owner';
const back = 'GRANT INSERT ON corral."CacheOutbox" TO owner';

const NOTHING = 'SELECT';

/** What may happen to an outbox between two looks, after which it is as it was. */
const spells: readonly (readonly [what: string, begins: string, ends: string, before: string])[] = [
  ['may not write', lost, back, NOTHING],
  [
    'may not read the stores',
    'REVOKE SELECT ON corral."CacheStore" FROM owner',
    'GRANT SELECT ON corral."CacheStore" TO owner',
    NOTHING,
  ],
  [
    'may not use the schema',
    'REVOKE USAGE ON SCHEMA corral FROM owner',
    'GRANT USAGE ON SCHEMA corral TO owner',
    NOTHING,
  ],
  [
    'finds no outbox',
    'ALTER TABLE corral."CacheOutbox" RENAME TO away',
    'ALTER TABLE corral.away RENAME TO "CacheOutbox"',
    NOTHING,
  ],
  [
    'finds no column',
    'ALTER TABLE corral."CacheOutbox" RENAME "store" TO away',
    'ALTER TABLE corral."CacheOutbox" RENAME away TO "store"',
    NOTHING,
  ],
  ['finds no schema', 'ALTER SCHEMA corral RENAME TO away', 'ALTER SCHEMA away RENAME TO corral', NOTHING],
  ['loses what it wrote', NOTHING, 'TRUNCATE corral."CacheOutbox"', NOTHING],
  [
    'is a member of no role that may',
    'REVOKE tellers FROM owner',
    'GRANT tellers TO owner',
    `GRANT tellers TO owner; REVOKE ALL ON corral."CacheStore" FROM owner; GRANT SELECT ON corral."CacheStore" TO tellers`,
  ],
];

describe.skipIf(!needsPostgres())('writes that triggers could not tell of', () => {
  let server: PrivatePostgres;
  /** Neither owns the tables nor needs to. */
  let admin: pg.Pool;
  let owner: pg.Pool;
  const poolOf = (url: string): pg.Pool => {
    const pool = new pg.Pool({ connectionString: url });
    pool.on('error', () => undefined);
    onTestFinished(() => pool.end());
    return pool;
  };
  beforeAll(async () => {
    server = await privatePostgres();
    const first = new pg.Client({ connectionString: server.url });
    await first.connect();
    await first.query(
      `CREATE ROLE owner LOGIN PASSWORD 'private'; CREATE ROLE tellers; CREATE ROLE stranger`,
    );
    await first.end();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const url = new URL(await server.createDatabase());
    admin = poolOf(url.href);
    await admin.query(`
      DO $$ BEGIN EXECUTE pg_catalog.format('GRANT CREATE ON DATABASE %I TO owner', current_database()); END $$;
      GRANT ALL ON SCHEMA public TO owner`);
    url.username = 'owner';
    owner = poolOf(url.href);
    await owner.query(
      `CREATE TABLE films (id int PRIMARY KEY, title text); INSERT INTO films VALUES (1, 'First')`,
    );
    await applyOutbox({ pool: owner, tables });
  });

  /** A process that looks into the outbox. */
  const relay = () => {
    const listen = () => () => Promise.resolve();
    const outbox = outboxOfStore({
      ...{ home: homeOf('corral'), pool: admin },
      store: 'one',
      endsWithProcess: false,
      listen,
    });
    const told = async (): Promise<string[]> => {
      const rows: OutboxRow[] = [];
      await outbox.relay((taken) => Promise.resolve(void rows.push(...taken)));
      return rows
        .flatMap((row) => (row.forgetsAll === undefined ? row.tags : [row.forgetReason ?? 'write']))
        .sort();
    };
    /** What was stored before is forgotten already. */
    const register = async (): Promise<void> => {
      await outbox.register();
      expect(await told()).toEqual(['absence']);
    };
    return { outbox, told, register };
  };
  const write = (title: string) => owner.query('UPDATE films SET title = $1', [title]);
  const all = ['Film', 'Film:1'];

  it.each(spells)(
    'while their owner %s have everything forgotten, once',
    async (_what, begins, ends, before) => {
      await admin.query(before);
      const [one, two] = [relay(), relay()];
      await one.register();
      await write('Second');
      expect([await one.told(), await two.told()]).toEqual([all, []]);
      await admin.query(begins);
      await write('Third');
      await admin.query(ends);
      expect([await one.told(), await two.told(), await one.told()]).toEqual([['gap'], [], []]);
      await write('Fourth');
      expect(await two.told()).toEqual(all);
    },
  );

  it('in a transaction that was open for long have it forgotten once more when that ends', async () => {
    const { told, register } = relay();
    await register();
    const writer = await owner.connect();
    onTestFinished(() => writer.release());
    await admin.query(lost);
    await writer.query(`BEGIN; UPDATE films SET title = 'Second'`);
    await admin.query(back);
    expect(await told()).toEqual(['gap']);
    expect(await told()).toEqual([]);
    await writer.query('COMMIT');
    expect(await told()).toEqual(['gap']);
    expect(await told()).toEqual([]);
  });

  it('are told of after every process of their store had ended', async () => {
    await relay().register();
    await admin.query(lost);
    await write('Second');
    await admin.query(back);
    const next = relay();
    expect(await next.outbox.register()).toBe(true);
    expect(await next.told()).toEqual(['gap']);
  });

  it('make a process blind while they last, which says why, and everything is forgotten when they end', async () => {
    const log = cacheLog();
    const outbox = postgresOutbox({
      pool: admin,
      tables,
      source: 'triggers',
      triggers: 'check',
      log: testLog(),
    });
    const cache = createCache({ store: memoryStore(), outbox, log, relay: { blindAfterMs: 500 } });
    onTestFinished(() => cache.close());
    const titleOf = async (): Promise<unknown> =>
      (await admin.query<{ title: string }>('SELECT title FROM films')).rows[0]?.title;
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [
          cacheTypeDefs,
          'type Query { film(id: ID!): String @cached(ttl: 600, key: "Film:{args.id}") }',
        ],
        resolvers: { Query: { film: titleOf } },
      }),
    );
    await cache.start();
    const ask = async () =>
      (await graphql({ schema, source: '{ film(id: 1) }', contextValue: {} })).data?.['film'];
    expect(await ask()).toBe('First');
    const forgotten = { ...cache.stats.relay().forgotten };
    await admin.query(lost);
    await write('Second');
    await expect.poll(ask, { timeout: 15_000 }).toBe('Second');
    await expect.poll(() => cache.stats.relay().blindForMs, { timeout: 15_000 }).toBeGreaterThan(0);
    expect(log.lines).toContainEqual(
      expect.stringContaining(
        String.raw`the role \"owner\", by whose rights the triggers write rows, may not write into \"corral\".\"CacheOutbox\"`,
      ),
    );
    await admin.query(back);
    await expect.poll(() => cache.stats.relay().blindForMs, { timeout: 15_000 }).toBe(0);
    expect(cache.stats.relay().forgotten).toEqual({ ...forgotten, gap: forgotten.gap + 1 });
    await write('Third');
    await expect.poll(ask, { timeout: 15_000 }).toBe('Third');
  });

  it('are found by a start, which gives the right back where it may, and else refuses', async () => {
    await admin.query(lost);
    expect(await checkOutbox({ pool: admin, tables })).toEqual([
      {
        kind: 'missing',
        message: expect.stringContaining(
          'the role "owner", by whose rights the triggers write rows, may not',
        ),
      },
    ]);
    expect(await applyOutbox({ pool: owner, tables })).toEqual([]);
    expect(await checkOutbox({ pool: admin, tables })).toEqual([]);
    await admin.query('ALTER TABLE corral."CacheOutbox" OWNER TO stranger');
    await expect(applyOutbox({ pool: owner, tables })).rejects.toThrow(
      /permission denied|the owner of the outbox runs:/,
    );
  });

  it('are not supposed where only rights were asked for again, or statistics were made', async () => {
    const { told, register } = relay();
    await applyOutbox({ pool: owner, tables, role: 'tellers' });
    await register();
    await applyOutbox({ pool: owner, tables, role: 'tellers' });
    await admin.query('VACUUM (ANALYZE, FREEZE) corral."CacheOutbox", corral."CacheStore"');
    expect(await told()).toEqual([]);
  });
});
