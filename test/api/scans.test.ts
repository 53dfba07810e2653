import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanFields } from '../../src/limits/field-cost.js';
import { limits } from '../../src/limits/limits.js';
import { type Answer, type TestApi, testApi } from '../support/worlds/test-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await testApi({ settings: { TRUSTED_PROXIES: '127.0.0.1' } });
});
afterAll(() => api.close());

/** How often PostgreSQL has walked through a whole table so far. */
async function walksThrough(table: string): Promise<number> {
  const { pool } = api.database;
  await pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await pool.query<{ walks: string }>(
    'SELECT seq_scan AS walks FROM pg_stat_user_tables WHERE relname = $1',
    [table],
  );
  return Number(rows[0]?.walks);
}

/** Which of these walked through a table. */
async function walks(table: string, query: string): Promise<number> {
  const before = await walksThrough(table);
  const { errors } = await api.ask(query);
  expect(errors).toEqual([]);
  return (await walksThrough(table)) - before;
}

const codes = (answers: readonly Answer[]): unknown[] =>
  answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions['code']));

describe('what reads whole tables', () => {
  it('does not read them for a genre that no film has', async () => {
    expect(await walks('Rating', '{ topCharts(genre: "Drama", first: 7) { rank } }')).toBeGreaterThan(0);
    expect(await walks('Rating', '{ topCharts(genre: "Invented", first: 7) { rank } }')).toBe(0);
  });

  it('reads them once for a page and the count of all pages', async () => {
    expect(
      await walks('Movie', '{ searchMovies(text: "night", first: 3) { totalCount } }'),
    ).toBeLessThanOrEqual(1);
  });

  it('is bounded for each client: beyond it is refused, and others are answered', async () => {
    const token = await api.signIn('member@example.com');
    await api.ask('{ me { id } }', { token });
    const search = (text: string, options = {}): Promise<Answer> =>
      api.ask('query ($text: String) { searchMovies(text: $text) { totalCount } }', {
        variables: { text },
        ...options,
      });
    const { perClient, waitingPerClient } = limits.scans;
    // The only connection is taken, so that all of them are under way at the same time.
    const connection = await api.database.pool.connect();
    const refused: Answer[] = [];
    const crowd = Array.from({ length: perClient + waitingPerClient + 2 }, async (_, index) => {
      const answer = await search(`anonymous ${index}`);
      if (answer.errors.length > 0) refused.push(answer);
      return answer;
    });
    await expect.poll(() => refused.length).toBe(2);
    const other = search('signed in', { token });
    connection.release();
    expect(codes(await Promise.all(crowd))).toEqual(['TOO_MANY_SCANS', 'TOO_MANY_SCANS']);
    expect(refused[0]?.errors[0]?.extensions).toEqual({ code: 'TOO_MANY_SCANS', retryAfterMs: 1000 });
    expect(codes([await other, await search('anonymous again')])).toEqual([]);
  });

  it('is bounded for all addresses of one IPv6 network together', async () => {
    const { perClient, waitingPerClient } = limits.scans;
    const connection = await api.database.pool.connect();
    const refused: Answer[] = [];
    const search = async (from: string): Promise<void> => {
      const answer = await api.ask(`{ searchMovies(text: "from ${from}") { totalCount } }`, {
        headers: { 'x-forwarded-for': from },
      });
      if (answer.errors.length > 0) refused.push(answer);
    };
    const crowd = Array.from({ length: perClient + waitingPerClient + 2 }, (_, index) =>
      search(`2001:db8::${(index + 1).toString(16)}`),
    );
    const other = search('2001:db8:0:1::1');
    // With the fault none of them is refused, and all wait for the connection.
    await expect
      .poll(() => refused.length)
      .toBe(2)
      .finally(() => connection.release());
    await Promise.all([...crowd, other]);
    expect(codes(refused)).toEqual(['TOO_MANY_SCANS', 'TOO_MANY_SCANS']);
  });

  it('costs what it costs: a request has room for a few of them', async () => {
    const searches = (count: number): string =>
      Array.from(
        { length: count },
        (_, index) => `a${index}: searchMovies(text: "e${index}") { totalCount }`,
      ).join(' ');
    expect(codes([await api.ask(`{ ${searches(30)} }`)])).toEqual(['OPERATION_LIMIT_EXCEEDED']);
    expect(codes([await api.ask(`{ ${searches(4)} topCharts { rank } grossByYear { year } }`)])).toEqual([]);
  });
});

describe('among many films', () => {
  const FILMS = 4000;
  const FIRST = 100_000;
  const films = (count: number): number[] => Array.from({ length: count }, (_, index) => FIRST + 37 * index);

  beforeAll(async () => {
    const { pool } = api.database;
    await pool.query(`INSERT INTO "Person" ("id", "name")
      SELECT ${FIRST} + n, 'Director ' || n FROM generate_series(0, 399) AS n`);
    // Some without a genre, a year, a director or votes, and many with the votes of others.
    await pool.query(`INSERT INTO "Movie" ("id", "title", "genre", "releaseYear", "directorId", "imdbVotes")
      SELECT ${FIRST} + n, 'Film ' || n, 'Genre ' || nullif(n % 6, 5), nullif(1950 + n % 71, 1950),
        ${FIRST} + nullif(n % 400, 0), nullif(n * 7919 % 50, 49) FROM generate_series(0, ${FILMS - 1}) AS n`);
    await pool.query(`INSERT INTO "Rating" ("userId", "movieId", "stars")
      SELECT 1, ${FIRST} + n, 1 + n % 5 FROM generate_series(0, ${FILMS - 1}) AS n`);
    await pool.query('ANALYZE');
  });

  /** Rows of tables that PostgreSQL has looked at so far, by walks through tables and by indexes. */
  async function rowsRead(): Promise<number> {
    const { pool } = api.database;
    await pool.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await pool.query<{ read: string }>(
      'SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS read FROM pg_stat_user_tables',
    );
    return Number(rows[0]?.read);
  }

  async function rowsOf(query: string, token: string): Promise<number> {
    const before = await rowsRead();
    expect((await api.ask(query, { token })).errors).toEqual([]);
    return (await rowsRead()) - before;
  }

  it('those fields count as scans that look at more than a few of them', async () => {
    const token = await api.signIn('member@example.com');
    const documents: [coordinate: string, document: string][] = [
      ['Query.movie', `{ movie(id: ${FIRST + 1}) { title releaseLabel } }`],
      ['Query.movies', `{ movies(ids: [${films(100).join()}]) { title } }`],
      ['Query.person', `{ person(id: ${FIRST + 1}) { name } }`],
      ['Query.user', '{ user(id: 1) { displayName } }'],
      ['Query.me', '{ me { displayName } }'],
      ['Query.playback', `{ playback(movieId: ${FIRST + 1}) { positionSeconds } }`],
      ['Query.sessions', '{ sessions { lastUsedAt } }'],
      ['Query.continueWatching', '{ continueWatching { positionSeconds } }'],
      ['Query.searchMovies', '{ searchMovies(text: "film 12", first: 1) { totalCount } }'],
      ['Query.topCharts', '{ topCharts(first: 11) { rank } }'],
      ['Query.grossByYear', '{ grossByYear(genre: "Genre 1") { year } }'],
      ['Movie.director', `{ movie(id: ${FIRST + 2}) { director { name } } }`],
      ['Movie.ratingSummary', `{ movie(id: ${FIRST + 2}) { ratingSummary { count } } }`],
      ['Movie.similar', `{ movie(id: ${FIRST + 2}) { similar(first: 20) { title } } }`],
      ['Person.movies', `{ person(id: ${FIRST + 2}) { movies(first: 20) { title } } }`],
    ];
    const looked: [coordinate: string, rows: number][] = [];
    for (const [coordinate, document] of documents) looked.push([coordinate, await rowsOf(document, token)]);
    const dear = looked.filter(([, rows]) => rows > FILMS / 10).map(([coordinate]) => coordinate);
    expect(dear).toEqual([...scanFields]);
  });

  it('films similar to those of a list are found by few statements, and few rows', async () => {
    const token = await api.signIn('member@example.com');
    const before = api.database.statements();
    const rows = await rowsOf(
      `{ movies(ids: [${films(100).join()}]) { similar(first: 3) { title } } }`,
      token,
    );
    expect(rows).toBeLessThan(100 * 40);
    expect(api.database.statements() - before).toBeLessThan(15);
  });

  it('those are similar that a look at all films would have found', async () => {
    const { data, errors } = await api.ask(
      `{ movies(ids: [${films(100).join()}]) { id similar(first: 9) { id } } }`,
    );
    expect(errors).toEqual([]);
    const { rows } = await api.database.pool.query<{ id: string; similar: { id: string }[] }>(
      `SELECT base."id"::text, coalesce(json_agg(json_build_object('id', best."id"::text) ORDER BY place)
         FILTER (WHERE place <= 9), '[]') AS similar
       FROM "Movie" AS base LEFT JOIN LATERAL (
         SELECT other."id", row_number() OVER (ORDER BY
           CASE WHEN other."directorId" = base."directorId" THEN 3 ELSE 0 END
           + CASE WHEN other."genre" = base."genre" THEN 2 ELSE 0 END
           + CASE WHEN other."releaseYear" / 10 = base."releaseYear" / 10 THEN 1 ELSE 0 END DESC,
           other."imdbVotes" DESC NULLS LAST, other."id") AS place
         FROM "Movie" AS other WHERE other."id" <> base."id"
           AND (other."directorId" = base."directorId" OR other."genre" = base."genre")
       ) AS best ON true
       WHERE base."id" = ANY($1) GROUP BY base."id" ORDER BY base."id"`,
      [films(100)],
    );
    expect(data).toEqual({ movies: rows });
  });
});
