import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/database/connect-database.js';
import type { Database } from '../../src/database/database.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { fillFixture } from '../support/worlds/film-fixture.js';
import { needsPostgres } from '../support/needs.js';
import { type PrivatePostgres, privatePostgres } from '../support/private-postgres.js';
import { type Answer, fixtureDatabase, type TestApi, testApi } from '../support/worlds/test-api.js';
import { testLog } from '../support/test-log.js';

let api: TestApi;

/** The answer of an empty cache, and the same again from a full one: nothing may get lost on the way. */
async function coldAndWarm(query: string): Promise<unknown[]> {
  return [(await api.ask(query)).data, (await api.ask(query)).data];
}

interface Page {
  readonly totalCount: number;
  readonly edges: readonly { readonly node: { readonly title: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

function pageOf({ data, errors }: Answer): Page {
  expect(errors).toEqual([]);
  return (data as { searchMovies: Page }).searchMovies;
}

async function titlesOf(search: string): Promise<string[]> {
  const page = pageOf(
    await api.ask(
      `{ searchMovies(${search}) { totalCount edges { node { title } } pageInfo { hasNextPage endCursor } } }`,
    ),
  );
  return page.edges.map(({ node }) => node.title);
}

function describeCatalogue(): void {
  describe('a film', () => {
    it('keeps its dates, large sums and decimals, from the database and from the cache', async () => {
      const query = '{ movie(id: 1) { releaseDate worldwideGross imdbRating updatedAt directorId } }';
      const [cold, warm] = await coldAndWarm(query);
      expect(cold).toEqual({
        movie: {
          releaseDate: '1994-05-01',
          worldwideGross: 3_000_000_000,
          imdbRating: 7.5,
          updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          directorId: '1',
        },
      });
      expect(warm).toEqual(cold);
    });

    it('without a row is null, alone and in its place of a list', async () => {
      const query =
        '{ movie(id: 99) { id } movies(ids: [2, 99, 1, 2]) { id } person(id: 99) { id } user(id: 99) { id } }';
      const nothing = { movie: null, person: null, user: null };
      const expected = { ...nothing, movies: [{ id: '2' }, null, { id: '1' }, { id: '2' }] };
      expect(await coldAndWarm(query)).toEqual([expected, expected]);
    });

    it('without ratings has a summary that says so', async () => {
      const query = '{ movies(ids: [1, 5]) { ratingSummary { average count } } }';
      const expected = {
        movies: [
          { ratingSummary: { average: 4.5, count: 2 } },
          { ratingSummary: { average: null, count: 0 } },
        ],
      };
      expect(await coldAndWarm(query)).toEqual([expected, expected]);
    });

    it('is similar to those of its director first, then of its genre and decade', async () => {
      const query =
        '{ movie(id: 1) { similar(first: 2) { title } } alone: movie(id: 6) { similar { title } } }';
      const expected = {
        movie: { similar: [{ title: 'The Short Day' }, { title: 'Nightfall' }] },
        alone: { similar: [] },
      };
      expect(await coldAndWarm(query)).toEqual([expected, expected]);
    });
  });

  describe('a list of films with directors and ratings', () => {
    it('costs one statement per kind of thing when cold, and none when warm', async () => {
      const query =
        '{ movies(ids: [1, 2, 3, 4, 5, 6]) { version director { id name } ratingSummary { count } } }';
      await api.cache.invalidate([
        'Person:1',
        'Person:2',
        ...[1, 2, 3, 4, 5, 6].flatMap((id) => [`Movie:${id}`, `RatingSummary:${id}`]),
      ]);
      const before = api.database.statements();
      await api.ask(query);
      expect(api.database.statements() - before).toBe(3);
      await api.ask(query);
      expect(api.database.statements() - before).toBe(3);
    });
  });

  describe('the search for films', () => {
    it('finds parts of titles in any case', async () => {
      expect(await titlesOf('text: "NIGHT"')).toEqual([
        'The Long Night',
        'A Night Train',
        '100% Night',
        'Nightfall',
      ]);
      expect(await titlesOf('text: "night", genre: "Drama"')).toEqual(['The Long Night', 'Nightfall']);
      expect(await titlesOf('genre: "drama"')).toEqual([]);
    });

    it('looks for per cent signs and underscores as they are', async () => {
      expect(await titlesOf('text: "%"')).toEqual(['100% Night']);
      expect(await titlesOf('text: "r_s"')).toEqual(['Under_score']);
      expect(await titlesOf('text: "\\\\"')).toEqual([]);
    });

    it('shows each film once, page by page, equal votes and missing votes included', async () => {
      const query = `query ($after: String) {
      searchMovies(first: 1, after: $after) { totalCount edges { node { title } } pageInfo { hasNextPage endCursor } }
    }`;
      const titles: string[] = [];
      let after: string | null = null;
      for (let more = true; more;) {
        const page: Page = pageOf(await api.ask(query, { variables: { after } }));
        expect(page.totalCount).toBe(6);
        titles.push(...page.edges.map(({ node }) => node.title));
        ({ hasNextPage: more, endCursor: after } = page.pageInfo);
      }
      expect(titles).toEqual([
        'The Long Night',
        'The Short Day',
        'A Night Train',
        '100% Night',
        'Under_score',
        'Nightfall',
      ]);
    });

    it('ends with an empty page behind the last film', async () => {
      const page = pageOf(
        await api.ask(
          '{ searchMovies(text: "nothing") { totalCount edges { node { title } } pageInfo { hasNextPage endCursor } } }',
        ),
      );
      expect(page).toEqual({ totalCount: 0, edges: [], pageInfo: { hasNextPage: false, endCursor: null } });
    });
  });

  describe('the reports', () => {
    it('rank films by an average that few ratings cannot win', async () => {
      const { data } = await api.ask('{ topCharts { rank movie { title } averageStars ratingCount score } }');
      // The mean of all is 11 / 3; 25 such ratings are added to those of each film.
      const score = (stars: number, count: number): unknown =>
        expect.closeTo((25 * (11 / 3) + stars) / (25 + count), 9);
      expect(data).toEqual({
        topCharts: [
          {
            rank: 1,
            movie: { title: 'The Long Night' },
            averageStars: 4.5,
            ratingCount: 2,
            score: score(9, 2),
          },
          { rank: 2, movie: { title: 'A Night Train' }, averageStars: 2, ratingCount: 1, score: score(2, 1) },
        ],
      });
    });

    it('take charts by decade and genre', async () => {
      const query =
        '{ a: topCharts(decade: 1990, genre: "Comedy") { movie { title } } b: topCharts(decade: 1980) { rank } }';
      expect((await api.ask(query)).data).toEqual({ a: [{ movie: { title: 'A Night Train' } }], b: [] });
    });

    it('add up box office by year, past 32 bits', async () => {
      const expected = {
        grossByYear: [
          { year: 1994, movieCount: 2, usGross: 4_000_000, worldwideGross: 6_000_000_000 },
          { year: 1996, movieCount: 1, usGross: 2_000_000, worldwideGross: 3_000_000_000 },
          { year: 2001, movieCount: 1, usGross: 6_000_000, worldwideGross: 3_000_000_000 },
          { year: 2004, movieCount: 1, usGross: 4_000_000, worldwideGross: 3_000_000_000 },
        ],
      };
      const query = '{ grossByYear { year movieCount usGross worldwideGross } }';
      expect(await coldAndWarm(query)).toEqual([expected, expected]);
    });
  });

  describe('a film that an editor adds', () => {
    it('has all that was given, and the year of its date', async () => {
      const token = await api.signIn('editor@example.com');
      const { data, errors } = await api.ask(
        `mutation ($input: CreateMovieInput!) {
        createMovie(input: $input) {
          title releaseDate releaseYear genre runningTimeMinutes usGross imdbRating imdbVotes director { name } version
        }
      }`,
        {
          token,
          variables: {
            input: {
              title: 'Born Now',
              releaseDate: '2026-02-28',
              genre: 'Drama',
              runningTimeMinutes: 90,
              usGross: 1_000_000_000_000,
              imdbRating: 8.1,
              imdbVotes: 7,
              directorName: 'Anna Alpha',
            },
          },
        },
      );
      expect(errors).toEqual([]);
      expect(data).toEqual({
        createMovie: {
          title: 'Born Now',
          releaseDate: '2026-02-28',
          releaseYear: 2026,
          genre: 'Drama',
          runningTimeMinutes: 90,
          usGross: 1_000_000_000_000,
          imdbRating: 8.1,
          imdbVotes: 7,
          director: { name: 'Anna Alpha' },
          version: 1,
        },
      });
      expect(await api.database.prisma.person.count({ where: { name: 'Anna Alpha' } })).toBe(1);
    });

    it('is changed only where the input says so, and its version rises', async () => {
      const token = await api.signIn('editor@example.com');
      const { data } = await api.ask(
        'mutation { updateMovie(id: 4, input: { genre: null }) { title genre releaseYear version } }',
        { token },
      );
      expect(data).toEqual({
        updateMovie: { title: '100% Night', genre: null, releaseYear: 2004, version: 2 },
      });
    });
  });
}

/** All of the above must be true of both: the SQL is the same. */
describe('on the embedded database', () => {
  beforeAll(async () => {
    api = await testApi({ openDatabase: fixtureDatabase });
  });
  afterAll(() => api.close());
  describeCatalogue();
});

describe.skipIf(!needsPostgres())('on a PostgreSQL server', () => {
  let postgres: PrivatePostgres;
  beforeAll(async () => {
    postgres = await privatePostgres();
    api = await testApi({ openDatabase: async () => serverDatabase(await postgres.createDatabase()) });
  });
  afterAll(async () => {
    await api.close();
    await postgres.stop();
  });
  describeCatalogue();
});

async function serverDatabase(databaseUrl: string): Promise<Database> {
  const log = testLog();
  const database = await connectDatabase({ databaseUrl, dataDirectory: '', log });
  await applyMigrations({ pool: database.pool, log });
  await fillFixture(database.prisma);
  return database;
}
