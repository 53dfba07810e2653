import type { Movie, PrismaClient } from '../generated/prisma/client.js';

export interface SimilarMovies {
  readonly movieId: number;
  readonly first: number;
}

/**
 * Films with the director (3 points), the genre (2) or the decade (1) of another one; votes decide between equals.
 *
 * Takes the id only and reads the film again: the caller's row may be older than this load, and what is loaded from an
 * older row would be kept as if it were new.
 */
export function similarMovies(prisma: PrismaClient, { movieId, first }: SimilarMovies): Promise<Movie[]> {
  return prisma.$queryRaw<Movie[]>`
    WITH base AS (SELECT "id", "directorId", "genre", "releaseYear" / 10 AS decade FROM "Movie" WHERE "id" = ${movieId}),
    scored AS (
      SELECT other."id",
        CASE WHEN other."directorId" = base."directorId" THEN 3 ELSE 0 END
        + CASE WHEN other."genre" = base."genre" THEN 2 ELSE 0 END
        + CASE WHEN other."releaseYear" / 10 = base.decade THEN 1 ELSE 0 END AS score
      FROM "Movie" AS other CROSS JOIN base
      WHERE other."id" <> base."id"
        AND (other."directorId" = base."directorId" OR other."genre" = base."genre")
    )
    SELECT movie.* FROM scored JOIN "Movie" AS movie USING ("id")
    ORDER BY scored.score DESC, movie."imdbVotes" DESC NULLS LAST, movie."id"
    LIMIT ${first}`;
}
