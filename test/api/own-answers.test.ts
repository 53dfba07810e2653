import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flushed } from '../support/worlds/flushed.js';
import { type TestApi, testApi, tokenOf } from '../support/worlds/test-api.js';

let api: TestApi;
let editor: string;
beforeAll(async () => {
  api = await testApi();
  editor = await api.signIn('editor@example.com');
});
afterAll(() => api.close());

describe('a document of several mutation fields', () => {
  it('keeps the answer of each: one that fails does not hide what those before it have committed', async () => {
    const { data, errors } = await api.ask(
      `mutation {
        changed: updateMovie(id: 1, input: { title: "Changed" }) { title }
        missing: deleteMovie(id: 999)
        rated: rateMovie(movieId: 1, stars: 3) { stars }
        wrong: recordPlayback(movieId: 1, positionSeconds: -1) { positionSeconds }
      }`,
      { token: editor },
    );
    expect(data).toEqual({ changed: { title: 'Changed' }, missing: null, rated: { stars: 3 }, wrong: null });
    expect(errors.map(({ path }) => path)).toEqual([['missing'], ['wrong']]);
  });

  it('is so for every mutation field of the schema', async () => {
    const { data } = await api.ask('{ __schema { mutationType { fields { name type { kind } } } } }');
    expect(JSON.stringify(data)).not.toContain('NON_NULL');
  });
});

describe('the box office of a year', () => {
  it('is null where it is more than a number holds, and takes no other year with it', async () => {
    const { pool } = api.database;
    await pool.query('UPDATE "Movie" SET "usGross" = $1 WHERE "releaseYear" = 1994', [
      Number.MAX_SAFE_INTEGER,
    ]);
    await pool.query(`UPDATE "Movie" SET "worldwideGross" = 9223372036854775807 WHERE "releaseYear" = 1996`);
    await api.cache.invalidate(['Movie']);
    const { data, errors } = await api.ask('{ grossByYear { year movieCount usGross worldwideGross } }');
    expect(errors).toEqual([]);
    expect(data).toEqual({
      grossByYear: [
        { year: 1994, movieCount: 2, usGross: null, worldwideGross: 6_000_000_000 },
        { year: 1996, movieCount: 1, usGross: 2_000_000, worldwideGross: null },
        { year: 2001, movieCount: 1, usGross: 6_000_000, worldwideGross: 3_000_000_000 },
        { year: 2004, movieCount: 1, usGross: 4_000_000, worldwideGross: 3_000_000_000 },
      ],
    });
  });
});

describe('a position that waits for its flush', () => {
  it('goes with its user, and leaves no dead letter', async () => {
    const { data } = await api.ask(
      'mutation { signUp(email: "gone@example.com", password: "12345678", displayName: "Gone") { token user { id } } }',
    );
    const token = tokenOf(data, 'signUp');
    const [mine, other] = await Promise.all(
      [token, editor].map((viewer) =>
        api.ask('mutation { recordPlayback(movieId: 1, positionSeconds: 7) { positionSeconds } }', {
          token: viewer,
        }),
      ),
    );
    expect([mine?.errors, other?.errors]).toEqual([[], []]);
    await api.database.pool.query(`DELETE FROM "User" WHERE "email" = 'gone@example.com'`);
    await flushed(api.cache);
    expect(await api.cache.writes.deadLetters()).toEqual([]);
    const { size, flushed: counted } = await api.cache.writes.journal();
    expect([size?.pending, counted.buried]).toEqual([0, 0]);
    const { rows } = await api.database.pool.query('SELECT "userId" FROM "Playback" WHERE "movieId" = 1');
    expect(rows).toEqual([{ userId: 2 }]);
  });
});
