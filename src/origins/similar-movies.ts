import DataLoader from 'dataloader';
import type { Movie, PrismaClient } from '../generated/prisma/client.js';

interface SimilarWanted {
  readonly movieId: number;
  readonly first: number;
}

/** Finds the films that are most similar to another one. */
export interface SimilarMovies {
  /** At most `first` films, the most similar first. */
  to(wanted: SimilarWanted): Promise<Movie[]>;
}

/** Films of one statement; no page is longer. */
const MOST_AT_ONCE = 100;

/** Films that are asked for in the same moment, as those of a list are, are answered by one statement. */
export function createSimilarMovies(prisma: PrismaClient): SimilarMovies {
  const loaders = new Map<number, DataLoader<number, Movie[]>>();
  const loaderOf = (first: number): DataLoader<number, Movie[]> => {
    const known = loaders.get(first);
    if (known !== undefined) return known;
    const batch = (ids: readonly number[]): Promise<Movie[][]> => loadSimilar(prisma, { ids, first });
    const made = new DataLoader(batch, { cache: false, maxBatchSize: MOST_AT_ONCE });
    loaders.set(first, made);
    return made;
  };
  return { to: ({ movieId, first }) => loaderOf(first).load(movieId) };
}

type Row = Movie & { readonly similarTo: number };

/**
 * Films with the director (3 points), the genre (2) or the decade (1) of another one; votes decide between equals.
 *
 * Takes ids only and reads the films again: the caller's row may be older than this load, and what is loaded from an
 * older row would be kept as if it were new.
 *
 * Reads as many films as it needs by an index, and never the whole table: all of the director, who has few, and of the
 * genre, and of its decade, those with most votes. None beyond these has more points, or more votes for as many.
 * OFFSET 0 has the rows themselves looked up one by one: the planner would walk through a small table instead.
 */
async function loadSimilar(
  prisma: PrismaClient,
  { ids, first }: { ids: readonly number[]; first: number },
): Promise<Movie[][]> {
  const rows = await prisma.$queryRaw<Row[]>`
    SELECT base."id" AS "similarTo", movie.*
    FROM (
      SELECT "id", "directorId", "genre", "releaseYear" / 10 AS decade FROM "Movie" WHERE "id" = ANY(${ids}::int[])
    ) AS base
    CROSS JOIN LATERAL (
      SELECT candidate."id", candidate.votes,
        CASE WHEN candidate."directorId" = base."directorId" THEN 3 ELSE 0 END
        + CASE WHEN candidate."genre" = base."genre" THEN 2 ELSE 0 END
        + CASE WHEN candidate.decade = base.decade THEN 1 ELSE 0 END AS score
      FROM (
        SELECT "id", "directorId", "genre", "releaseYear" / 10 AS decade, COALESCE("imdbVotes", -1) AS votes
        FROM "Movie" WHERE "directorId" = base."directorId"
        UNION
        (SELECT "id", "directorId", "genre", "releaseYear" / 10, COALESCE("imdbVotes", -1) AS votes
        FROM "Movie" WHERE "genre" = base."genre" AND "releaseYear" / 10 = base.decade
        ORDER BY "genre", "releaseYear" / 10, COALESCE("imdbVotes", -1) DESC, "id" LIMIT ${first + 1})
        UNION
        (SELECT "id", "directorId", "genre", "releaseYear" / 10, COALESCE("imdbVotes", -1) AS votes
        FROM "Movie" WHERE "genre" = base."genre"
        ORDER BY "genre", COALESCE("imdbVotes", -1) DESC, "id" LIMIT ${first + 1})
      ) AS candidate
      WHERE candidate."id" <> base."id"
      ORDER BY score DESC, candidate.votes DESC, candidate."id" LIMIT ${first}
    ) AS best
    CROSS JOIN LATERAL (SELECT * FROM "Movie" WHERE "id" = best."id" OFFSET 0) AS movie
    ORDER BY best.score DESC, best.votes DESC, best."id"`;
  const similar = new Map<number, Movie[]>(ids.map((id) => [id, []]));
  for (const { similarTo, ...movie } of rows) similar.get(similarTo)?.push(movie);
  return ids.map((id) => similar.get(id) ?? []);
}
