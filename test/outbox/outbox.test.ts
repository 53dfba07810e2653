import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyComponent } from '../../src/cache/index.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import type { Outbox, OutboxRow } from '../../src/cache/outbox/outbox.js';
import { bringUpToDate } from '../../src/cache/postgres/apply-outbox.js';
import { homeOf } from '../../src/cache/postgres/home.js';
import type { Tables } from '../../src/cache/postgres/index.js';
import { outboxOfStore } from '../../src/cache/postgres/outbox-of-store.js';
import { CacheError } from '../../src/cache/errors.js';
import { tagsOfRows } from '../../src/outbox/tags-of-rows.js';
import { databaseBackends } from '../support/servers/database-backends.js';
import { testLog } from '../support/test-log.js';

const home = homeOf('corral');
const NAMESPACES = new Set(['Movie', 'Person', 'Rating', 'Playback', 'RatingSummary', 'user_profile']);

describe.each(databaseBackends)('the outbox on $name', ({ open, name }) => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  const sync = async (tables: Tables = tagsOfRows, namespaces: ReadonlySet<string> = NAMESPACES) =>
    (await bringUpToDate(pool, { tables, schema: undefined, namespaces })).changed;

  beforeAll(async () => {
    ({ pool, close } = await open());
    await applyMigrations({ pool, log: testLog() });
    await sync();
  });
  beforeEach(async () => {
    await pool.query(
      'TRUNCATE "Movie", "Person", "User", corral."CacheOutbox", corral."CacheStore" RESTART IDENTITY CASCADE',
    );
    await pool.query(`INSERT INTO corral."CacheStore" ("name") VALUES ('one')`);
    await pool.query(`INSERT INTO "Person" ("name") VALUES ('One'), ('Two')`);
    await pool.query(`INSERT INTO "User" ("email", "displayName") VALUES ('a@b.c', 'A')`);
    await pool.query(`INSERT INTO "Movie" ("title", "directorId") VALUES ('First', 1), ('Second', NULL)`);
    await pool.query('TRUNCATE corral."CacheOutbox"');
  });
  afterAll(() => close());

  /** The tags that a statement leaves in the outbox, sorted, row by row. */
  async function written(...statements: string[]): Promise<string[][]> {
    for (const statement of statements) await pool.query(statement);
    const { rows } = await pool.query<{ tags: string[] }>(
      'SELECT "tags" FROM corral."CacheOutbox" ORDER BY "xid", ctid',
    );
    return rows.map(({ tags }) => tags.sort());
  }

  it('is told by an inserted, an updated and a deleted row what it means', async () => {
    expect(
      await written(
        `INSERT INTO "Movie" ("title") VALUES ('Third')`,
        `UPDATE "Movie" SET "title" = 'Renamed' WHERE "id" = 3`,
        `DELETE FROM "Movie" WHERE "id" = 3`,
      ),
    ).toEqual([
      ['Movie', 'Movie:3'],
      ['Movie', 'Movie:3'],
      ['Movie', 'Movie:3'],
    ]);
  });

  it('is told of both the old and the new value of a column', async () => {
    await sync({ ...tagsOfRows, Movie: ['PersonMovies:{directorId}'] });
    expect(await written(`UPDATE "Movie" SET "directorId" = 2 WHERE "id" = 1`)).toEqual([
      ['Movie', 'Movie:1', 'PersonMovies:1', 'PersonMovies:2'],
    ]);
    await sync();
  });

  it('is told the related tags of a rating, and of what a deletion takes along', async () => {
    const rating = `INSERT INTO "Rating" ("userId", "movieId", "stars") VALUES (1, 2, 5)`;
    const expected = ['Rating', 'Rating:1:2', 'RatingSummary:2', 'UserRatings:1'];
    expect(await written(rating)).toEqual([expected]);
    await pool.query('TRUNCATE corral."CacheOutbox"');
    const deleted = await written(`DELETE FROM "Movie" WHERE "id" = 2`);
    expect(deleted.flat().sort()).toEqual([...expected, 'Movie', 'Movie:2'].sort());
  });

  it('is told nothing by rows that stay as they were, and by transactions that are rolled back', async () => {
    expect(await written(`UPDATE "Movie" SET "title" = "title"`)).toEqual([]);
    expect(await written(`BEGIN; UPDATE "Movie" SET "title" = 'Gone'; ROLLBACK`)).toEqual([]);
  });

  it('takes many rows of one statement in few rows of its own, each tag once', async () => {
    const rows = await written(
      `INSERT INTO "Movie" ("title") SELECT 'Film ' || n FROM generate_series(1, 1200) AS n`,
    );
    expect(rows.map(({ length }) => length).sort()).toEqual([201, 500, 500]);
    expect(new Set(rows.flat()).size).toBe(1201);
  });

  it('is relayed in parts between which the database hears of the relay, however many rows a statement changed', async () => {
    await pool.query(`INSERT INTO corral."CacheOutbox" ("store", "tags")
      SELECT 'one', ARRAY(SELECT 'Movie:' || n * 500 + k FROM generate_series(1, 500) AS k) FROM generate_series(1, 5) AS n`);
    const listen = () => () => Promise.resolve();
    const outbox = outboxOfStore({ home, pool, store: 'one', endsWithProcess: false, listen });
    const tags: number[] = [];
    const { done } = await outbox.relay((rows) => {
      tags.push(rows.flatMap((row) => row.tags).length);
      return Promise.resolve();
    });
    expect([tags, done.length]).toEqual([[500, 500, 500, 500, 500], 5]);
    expect((await pool.query('SELECT FROM corral."CacheOutbox"')).rowCount).toBe(0);
  });

  it('writes values as keys hold them', async () => {
    const values = [
      'plain-1_2.3',
      'a:b',
      'tab\tand space',
      '100%',
      '{x}',
      'émile',
      '',
      '~',
      "it's",
      '[\\]^`|',
    ];
    const { rows } = await pool.query<{ component: string }>(
      'SELECT corral.cache_key_component(value) AS component FROM unnest($1::text[]) WITH ORDINALITY AS v(value, n) ORDER BY n',
      [values],
    );
    expect(rows.map(({ component }) => component)).toEqual(values.map(keyComponent));
    const every = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
    const all = await pool.query<{ component: string }>(
      'SELECT corral.cache_key_component(value) AS component FROM unnest($1::text[]) WITH ORDINALITY AS v(value, n) ORDER BY n',
      [every],
    );
    expect(all.rows.map(({ component }) => component)).toEqual(every.map(keyComponent));
  });

  it('is made once: a second start changes nothing, and a changed declaration replaces the triggers', async () => {
    expect(await sync()).toEqual([]);
    expect(await sync({ ...tagsOfRows, Person: ['Somebody:{name}'] })).toEqual(['Person']);
    expect(await written(`UPDATE "Person" SET "name" = 'T:wo' WHERE "id" = 2`)).toEqual([
      ['Person', 'Person:2', 'Somebody:T%3awo', 'Somebody:Two'],
    ]);
    await sync();
  });

  it('is told nothing any more by a table that nobody declares', async () => {
    await sync({}, new Set(['Person']));
    expect(await written(`UPDATE "Movie" SET "title" = 'Unwatched'`)).toEqual([]);
    await sync();
  });

  it('refuses declarations that do not fit the tables, all in one message', async () => {
    const declared = {
      Film: ['Film:{id}'],
      Movie: ['Title:{name}', 'Day:{releaseDate}', 'x {id}', ''],
    };
    await expect(sync(declared)).rejects.toThrow(
      [
        'The tags of rows cannot be used:',
        '  - tags are declared for the table "Film", which the database does not have',
        '  - the tag "Title:{name}" names the column "name", which "Movie" does not have',
        '  - the tag "Day:{releaseDate}" names the column "releaseDate" of type date, but keys hold texts and whole numbers',
        '  - the tag "x {id}" of the table "Movie" has the text "x ", but beside {column} only letters, digits and _ . : / - can stand',
        '  - the tag "" of the table "Movie" is empty',
      ].join('\n'),
    );
  });

  it('refuses tags of namespaces that no entry uses, where it is told which ones do', async () => {
    const declared = { Movie: ['Fim:{id}', 'Film', 'x{id}'], User: ['Session:{id}', 'Stranger:{id}'] };
    const used = new Set([...NAMESPACES, 'Film', 'Session']);
    const refused = bringUpToDate(pool, {
      tables: declared,
      schema: undefined,
      namespaces: NAMESPACES,
      used,
    });
    await expect(refused).rejects.toThrow(
      new CacheError(
        'CACHE_CONFIGURATION',
        [
          'The tags of rows cannot be used:',
          '  - the tag "Fim:{id}" of the table "Movie" is of no namespace that entries use; did you mean "Film"?',
          '  - the tag "x{id}" of the table "Movie" is of no namespace that entries use; correct it',
          '  - the tag "Stranger:{id}" of the table "User" is of no namespace that entries use; correct it',
        ].join('\n'),
      ),
    );
  });

  describe('relays', () => {
    const outbox = (store = 'one', endsWithProcess = false) =>
      outboxOfStore({ home, pool, store, endsWithProcess, listen: () => () => Promise.resolve() });
    /** What a look takes. */
    const rowsOf = async (one: Outbox): Promise<readonly OutboxRow[]> => {
      const rows: OutboxRow[] = [];
      await one.relay((taken) => Promise.resolve(void rows.push(...taken)));
      return rows;
    };
    /** The tags of that, sorted. */
    const tagsOf = async (one: Outbox): Promise<string[]> =>
      (await rowsOf(one)).flatMap(({ tags }) => tags).sort();
    const undone = async (): Promise<number> => {
      const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM corral."CacheOutbox"');
      return rows[0]?.n ?? -1;
    };

    it('hand over every row once, oldest first, and take it away', async () => {
      for (let id = 1; id <= 250; id += 1) await outbox().add([`T:${id}`]);
      const seen: string[] = [];
      const relayed = await outbox().relay((rows) => {
        seen.push(...rows.flatMap(({ tags }) => tags));
        return Promise.resolve();
      });
      expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => `T:${index + 1}`));
      expect([relayed.done.length, relayed.elsewhere]).toEqual([250, []]);
      expect(await undone()).toBe(0);
      expect((await outbox().relay(() => Promise.reject(new Error('asked')))).done).toEqual([]);
    });

    it('have rows of their own for each store, from its registration on', async () => {
      await pool.query(`UPDATE "Movie" SET "title" = 'One' WHERE "id" = 1`);
      await outbox('two').register();
      await outbox('two').register();
      await pool.query(`UPDATE "Movie" SET "title" = 'Two' WHERE "id" = 2`);
      const relayed = (store: string): Promise<string[]> => tagsOf(outbox(store));
      expect(await relayed('two')).toEqual(['Movie', 'Movie:2']);
      expect(await relayed('one')).toEqual(['Movie', 'Movie', 'Movie:1', 'Movie:2']);
    });

    it('have everything forgotten of a store that is new, whichever of its processes looks next', async () => {
      // A process registers it, and ends.
      expect(await outbox('two').register()).toBe(true);
      await expect(outbox('two').relay(() => Promise.reject(new Error('the store is away')))).rejects.toThrow(
        'away',
      );
      expect(await outbox('two').register()).toBe(true);
      expect(await rowsOf(outbox('two'))).toMatchObject([{ forgetReason: 'absence', tags: [] }]);
      expect(await rowsOf(outbox('two'))).toEqual([]);
    });

    it('are told when their store is known no more', async () => {
      const nothing = () => Promise.resolve();
      expect((await outbox('two').relay(nothing)).isKnown).toBe(false);
      await outbox('two', true).register();
      expect((await outbox('two').relay(nothing)).isKnown).toBe(true);
      await outbox('two', true).close();
      expect((await outbox('two').relay(nothing)).isKnown).toBe(false);
      await outbox('one').close();
      expect((await outbox('one').relay(nothing)).isKnown).toBe(true);
    });

    it('remove a store, with its rows, that nobody has kept for ten minutes', async () => {
      await outbox('two').register();
      await pool.query(`UPDATE "Movie" SET "title" = 'New' WHERE "id" = 1`);
      await pool.query(
        `UPDATE corral."CacheStore" SET "seenAt" = now() - interval '11 minutes' WHERE "name" = 'two'`,
      );
      await outbox('one').keep();
      expect((await pool.query('SELECT "name" FROM corral."CacheStore"')).rows).toEqual([{ name: 'one' }]);
      expect((await pool.query('SELECT "store" FROM corral."CacheOutbox"')).rows).toEqual([{ store: 'one' }]);
    });

    it('drop rows of their own store, above a bound, for one that has everything forgotten', async () => {
      const listen = () => () => Promise.resolve();
      const bounded = outboxOfStore({
        home,
        pool,
        store: 'one',
        endsWithProcess: false,
        listen,
        rowsAtMost: 1000,
      });
      const fill = (store: string, rows: number) =>
        pool.query(
          `INSERT INTO corral."CacheOutbox" ("store", "tags") SELECT $1, '{Movie}' FROM generate_series(1, $2::int)`,
          [store, rows],
        );
      await outbox('two').register();
      await fill('two', 1001);
      await fill('one', 1000);
      await bounded.keep();
      expect(await undone()).toBe(2002);
      await fill('one', 1);
      const seenByTwo = async () => (await outbox('two').others?.())?.stores;
      const before = await seenByTwo();
      await Promise.all([bounded.keep(), bounded.keep()]);
      // What waits for the rows that were dropped waits for the one in their place.
      expect(await seenByTwo()).toMatchObject([{ name: 'one', appliedTo: before?.[0]?.appliedTo }]);
      expect(await rowsOf(bounded)).toMatchObject([{ forgetReason: 'backlog', tags: [] }]);
      expect(await undone()).toBe(1002);
    });

    it('leave rows undone that could not be applied', async () => {
      await outbox().add(['T:1']);
      await expect(outbox().relay(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
      expect(await undone()).toBe(1);
    });

    // The embedded database has one connection, and so one writer and one relay.
    if (name === 'embedded') return;

    it('name a row in the hands of another process that has everything forgotten, as it may stand for others', async () => {
      await pool.query(
        `INSERT INTO corral."CacheOutbox" ("store", "tags", "because") VALUES ('one', '{T:1}', NULL), ('one', NULL, 'x')`,
      );
      const other = await pool.connect();
      await other.query('BEGIN; SELECT FROM corral."CacheOutbox" FOR UPDATE');
      const { elsewhere, forgetting = [] } = await outbox('one').relay(() => Promise.resolve());
      await other.query('ROLLBACK');
      other.release();
      expect([elsewhere, forgetting]).toMatchObject([{ length: 2 }, { length: 1 }]);
      expect(elsewhere).toContain(forgetting[0]);
    });

    it('miss no row of a transaction that was under way when their store was registered', async () => {
      const writer = await pool.connect();
      await writer.query(`BEGIN; UPDATE "Movie" SET "title" = 'Early' WHERE "id" = 1`);
      const registered = outbox('two').register();
      const waits = `SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`;
      await expect.poll(async () => (await pool.query(waits)).rowCount).toBe(1);
      // Its rows are not for the new store, which therefore must not be used before they are committed.
      await writer.query('COMMIT');
      writer.release();
      expect(await registered).toBe(true);
      expect(await rowsOf(outbox('two'))).toMatchObject([{ forgetReason: 'absence' }]);
    });

    it(
      'refuse to begin while somebody keeps a transaction open, in a sentence',
      { timeout: 30_000 },
      async () => {
        const writer = await pool.connect();
        await writer.query(`BEGIN; UPDATE "Movie" SET "title" = 'Open' WHERE "id" = 1`);
        await expect(outbox('two').register()).rejects.toThrow(
          'A transaction that writes to a cached table has been open for 10 seconds; end it, and start again',
        );
        await writer.query('ROLLBACK');
        writer.release();
      },
    );

    it('lose no row of a transaction that was open while later ones were relayed, which do not wait for it', async () => {
      const early = await pool.connect();
      await early.query(`BEGIN; UPDATE "Movie" SET "title" = 'Early' WHERE "id" = 1`);
      const relayed = (): Promise<string[]> => tagsOf(outbox());
      for (let write = 0; write < 3; write += 1) {
        await pool.query(`UPDATE "Movie" SET "title" = 'Late ${write}' WHERE "id" = 2`);
        expect(await relayed()).toEqual(['Movie', 'Movie:2']);
      }
      await early.query('COMMIT');
      early.release();
      expect(await relayed()).toEqual(['Movie', 'Movie:1']);
    });

    it('leave rows to others whose connection ends while they have them in hand', async () => {
      await outbox().add(['T:1']);
      const taken = outbox().relay(async () => {
        const { rows } = await pool.query<{ ended: number }>(
          `SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity
           WHERE state = 'idle in transaction' AND datname = current_database()`,
        );
        expect(rows).toEqual([{ ended: 1 }]);
      });
      await expect(taken).rejects.toThrow();
      expect(await tagsOf(outbox())).toEqual(['T:1']);
    });

    it('name the rows that another relay has in its hands', async () => {
      let seen: unknown[] = [];
      const relayInside = () =>
        outbox().relay((rows) => {
          seen.push(...rows.map(({ tags }) => tags));
          return Promise.resolve();
        });
      const relayOutside = async (): Promise<boolean> => {
        seen = [];
        await pool.query('DELETE FROM corral."CacheOutbox"');
        await outbox().add(['T:1']);
        try {
          await outbox().relay(async () => {
            await outbox().add(['T:2']);
            let inside = await relayInside();
            // An older transaction of the server itself, as of its vacuum, is waited for.
            while (inside.done.length === 0 && seen.length === 0) inside = await relayInside();
            seen.push(inside);
          });
          return true;
        } catch (error) {
          // PostgreSQL ends a relay that is held up for long, as it should: then all begins anew.
          expect(String(error)).toMatch(/is not queryable|terminat/i);
          return false;
        }
      };
      while (!(await relayOutside()));
      expect(seen).toEqual([
        ['T:2'],
        {
          done: [{ id: expect.any(String), waitedMs: expect.any(Number) }],
          elsewhere: [expect.any(String)],
          forgetting: [],
          isKnown: true,
          hasOthers: false,
        },
      ]);
    });
  });
});
