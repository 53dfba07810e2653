import { type Movie, Prisma, type PrismaClient } from '../generated/prisma/client.js';

export interface ChartWanted {
  readonly decade?: number | null | undefined;
  readonly genre?: string | null | undefined;
  readonly first: number;
}

export interface ChartPlace {
  readonly rank: number;
  readonly movie: Movie;
  readonly averageStars: number;
  readonly ratingCount: number;
  readonly score: number;
}

/** As many average ratings as each film is given for a start: few ratings cannot win against many. */
const PRIOR_RATINGS = 25;

interface Scored {
  readonly movieId: number;
  readonly averageStars: number;
  readonly ratingCount: number;
  readonly score: number;
}

/** The best rated films by the Bayesian average of their ratings. */
export async function topCharts(prisma: PrismaClient, wanted: ChartWanted): Promise<ChartPlace[]> {
  const { genre } = wanted;
  // A look-up in an index, so that an invented genre does not cost a walk through all ratings.
  if (typeof genre === 'string' && !(await hasFilms(prisma, genre))) return [];
  const scored = await prisma.$queryRaw<Scored[]>`
    WITH everything AS (SELECT COALESCE(avg("stars"), 0)::float8 AS mean FROM "Rating")
    SELECT "movieId", avg("stars")::float8 AS "averageStars", count(*)::int AS "ratingCount",
      (${PRIOR_RATINGS}::int * everything.mean + sum("stars")) / (${PRIOR_RATINGS}::int + count(*)) AS score
    FROM "Rating" JOIN "Movie" ON "Movie"."id" = "movieId" CROSS JOIN everything
    ${among(wanted)}
    GROUP BY "movieId", everything.mean
    ORDER BY score DESC, "movieId" LIMIT ${wanted.first}`;
  const movies = await prisma.movie.findMany({ where: { id: { in: scored.map(({ movieId }) => movieId) } } });
  const byId = new Map(movies.map((movie) => [movie.id, movie]));
  // A film that was deleted between the two statements has no place.
  const places = scored.flatMap(({ movieId, ...place }) => {
    const movie = byId.get(movieId);
    return movie === undefined ? [] : [{ movie, ...place }];
  });
  return places.map((place, index) => ({ rank: index + 1, ...place }));
}

async function hasFilms(prisma: PrismaClient, genre: string): Promise<boolean> {
  const film = await prisma.movie.findFirst({ where: { genre }, select: { id: true } });
  return film !== null;
}

function among({ decade, genre }: ChartWanted): Prisma.Sql {
  const conditions: Prisma.Sql[] = [];
  if (typeof decade === 'number') {
    conditions.push(Prisma.sql`"releaseYear" BETWEEN ${decade} AND ${decade + 9}`);
  }
  if (typeof genre === 'string') conditions.push(Prisma.sql`"genre" = ${genre}`);
  return conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, ' AND ')}`;
}
