import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OutboxRow } from '../../../src/cache/outbox/outbox.js';
import { homeOf } from '../../../src/cache/postgres/home.js';
import { applyOutbox } from '../../../src/cache/postgres/index.js';
import { outboxOfStore } from '../../../src/cache/postgres/outbox-of-store.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';

const TAGS_AT_ONCE = 500;
const manyTags: readonly string[] = Array.from({ length: 5001 }, (_, id) => `Note:${id}`);

vi.setConfig({ testTimeout: 30_000 });

describe.skipIf(!needsPostgres())('rows of the outbox with very many tags', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres();
  });
  afterAll(() => server.stop());

  /** Two stores of one outbox. */
  async function twoStores() {
    const pool = new pg.Pool({ connectionString: await server.createDatabase() });
    pool.on('error', () => undefined);
    onTestFinished(() => pool.end());
    await pool.query('CREATE TABLE films (id int PRIMARY KEY)');
    await applyOutbox({ pool, tables: { Film: { table: 'films' } } });
    const opened = async (store: string) => {
      const listen = () => () => Promise.resolve();
      const outbox = outboxOfStore({
        ...{ home: homeOf('corral'), pool, store, endsWithProcess: false, listen },
      });
      await outbox.register();
      // What a new store begins with.
      await outbox.relay(() => Promise.resolve());
      return outbox;
    };
    const tagsOfRows = async (store: string): Promise<number[]> => {
      const { rows } = await pool.query<{ tags: number }>(
        'SELECT cardinality("tags") AS tags FROM corral."CacheOutbox" WHERE "store" = $1',
        [store],
      );
      return rows.map(({ tags }) => tags).sort((one, other) => other - one);
    };
    return { pool, near: await opened('near'), far: await opened('far'), tagsOfRows };
  }

  /** Where a store takes so long for each of its operations that PostgreSQL would end a transaction that is silent for all of a large row. */
  function slowStore() {
    const applied = new Map<string, number | null>();
    const apply = async (rows: readonly OutboxRow[]): Promise<void> => {
      const tags = rows.flatMap((row) =>
        row.tags.map((tag, index) => [tag, row.versions?.[index] ?? null] as const),
      );
      for (let start = 0; start < tags.length; start += TAGS_AT_ONCE) await systemClock.sleep(100);
      for (const [tag, version] of tags) applied.set(tag, version);
    };
    return { applied, apply };
  }

  it('are written as several, as those of the triggers are', async () => {
    const { near, far, tagsOfRows } = await twoStores();
    await near.add(manyTags);
    await near.tellOthers?.(manyTags);
    await near.tellOthers?.(['Note:1']);
    const full = Array.from({ length: 10 }, () => TAGS_AT_ONCE);
    expect(await tagsOfRows('near')).toEqual([...full, 1]);
    expect(await tagsOfRows('far')).toEqual([...full, 1, 1]);
    for (const outbox of [near, far]) {
      const applied = new Set<string>();
      await outbox.relay((rows) => {
        for (const tag of rows.flatMap(({ tags }) => tags)) applied.add(tag);
        return Promise.resolve();
      });
      expect(applied).toEqual(new Set(manyTags));
    }
  });

  it('are got past by a store that is slow, where they are there already', async () => {
    const { pool, near, tagsOfRows } = await twoStores();
    const versions = manyTags.map((_, index) => index);
    await pool.query('INSERT INTO corral."CacheOutbox" ("store", "tags", "versions") VALUES ($1, $2, $3)', [
      'near',
      manyTags,
      versions,
    ]);
    const { applied, apply } = slowStore();
    const rowsLeft = async (): Promise<number[]> => {
      // On a busy machine one may be silent for too long all the same.
      await near.relay(apply).catch(() => undefined);
      return tagsOfRows('near');
    };
    await expect.poll(rowsLeft, { timeout: 20_000 }).toEqual([]);
    expect(applied).toEqual(new Map(manyTags.map((tag, index) => [tag, index])));
  });
});
