import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits/limits.js';
import { type Answer, type TestApi, testApi } from '../support/worlds/test-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await testApi();
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
