import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Api } from '../../src/start/api.js';
import type { TraceReport } from '../../src/cache/types/index.js';
import type { Database } from '../../src/database/database.js';
import { apiOver, post, seededDatabase, signInAll } from '../support/worlds/seeded-api.js';

const FIFTY = Array.from({ length: 50 }, (_, index) => index * 7 + 1);
const QUERY = `{ movies(ids: [${FIFTY.join(', ')}]) { title director { name } ratingSummary { average } } }`;

describe('the evidence of a request', () => {
  let database: Database;
  let api: Api;

  beforeAll(async () => {
    database = await seededDatabase();
    api = await apiOver(database, { environment: 'development' });
  }, 120_000);
  afterAll(async () => {
    await api.close();
    await database.close();
  });

  async function traced(query: string): Promise<{ data: unknown; cache: TraceReport; statements: number }> {
    const before = database.statements();
    const body: unknown = JSON.parse(await post(api, query, { headers: { 'x-cache-debug': '1' } }));
    const { data, extensions } = body as { data: unknown; extensions: { cache: TraceReport } };
    return { data, cache: extensions.cache, statements: database.statements() - before };
  }

  it('of 50 films with directors and ratings shows 3 loads and 3 SQL statements, then none', async () => {
    const cold = await traced(QUERY);
    expect(cold.cache.summary.loads).toBe(3);
    expect(cold.statements).toBe(3);
    expect(cold.data).toHaveProperty('movies.length', 50);

    const warm = await traced(QUERY);
    expect(warm.cache.summary).toMatchObject({ misses: 0, loads: 0, storeRoundTrips: 0 });
    expect(warm.statements).toBe(0);
    expect(warm.data).toEqual(cold.data);
  });

  it('shows that the same entries serve other fields, aliases, fragments and another order', async () => {
    await traced(QUERY);
    const other = await traced(`
      query { list: movies(ids: [${[...FIFTY].reverse().join(', ')}]) { ...Film  year: releaseYear } }
      fragment Film on Movie { id summary: ratingSummary { count } ... on Movie { director { id version } } }
    `);
    expect(other.cache.summary).toMatchObject({ misses: 0, loads: 0 });
    expect(other.statements).toBe(0);
  });

  it('names path, coordinate, pattern, key, outcome, tier and times of each cached field', async () => {
    await traced('{ movie(id: 30) { title } }');
    const { cache } = await traced('{ film: movie(id: 30) { title } }');
    expect(cache.fields).toEqual([
      {
        path: ['film'],
        coordinate: 'Query.movie',
        pattern: 'READ_THROUGH',
        key: 'Movie:30',
        outcome: 'HIT',
        tier: 'memory',
        ageMs: expect.any(Number) as number,
        loadMs: expect.any(Number) as number,
        savedMs: expect.any(Number) as number,
      },
    ]);
  });

  it('is given only to who asks for it', async () => {
    expect(await post(api, '{ movie(id: 1) { title } }')).not.toContain('extensions');
  });

  it('in production is given to admins only', async () => {
    const strict = await apiOver(database, { environment: 'production' });
    const [member, , admin] = await signInAll(strict);
    const headers = { 'x-cache-debug': '1' };
    const query = '{ movie(id: 1) { title } }';
    expect(await post(strict, query, { headers })).not.toContain('extensions');
    expect(await post(strict, query, { headers, token: member ?? '' })).not.toContain('extensions');
    expect(await post(strict, query, { headers, token: admin ?? '' })).toContain(
      '"coordinate":"Query.movie"',
    );
    await strict.close();
  });
});
